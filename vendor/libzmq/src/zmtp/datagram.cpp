#include "zmtp/datagram.hpp"

namespace engine {

bool parse_grouped (std::span<const std::uint8_t> bytes, GroupedDatagram &out) noexcept
{
    if (bytes.empty () || bytes.size () > longest_datagram)
        return false;
    const std::size_t length = bytes[0];
    if (bytes.size () - 1 < length)
        return false;
    const auto group = bytes.subspan (1, length);
    out.group = {reinterpret_cast<const char *> (group.data ()), group.size ()};
    if (out.group.find ('\0') != std::string_view::npos)
        return false;
    out.body = bytes.subspan (1 + length);
    return true;
}

}  // namespace engine
