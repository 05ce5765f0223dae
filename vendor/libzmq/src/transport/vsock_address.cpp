#include "transport/vsock_address.hpp"

#include <cerrno>
#include <charconv>

namespace engine {

namespace {

bool parse_number (std::string_view text, std::uint32_t &out) noexcept
{
    const char *const end = text.data () + text.size ();
    const auto parsed = std::from_chars (text.data (), end, out);
    return parsed.ec == std::errc () && parsed.ptr == end && out != VsockAddress::any;
}

}  // namespace

int parse_vsock_address (std::string_view text, bool wildcards, VsockAddress &out) noexcept
{
    const std::size_t colon = text.find (':');
    if (colon == text.npos)
        return EINVAL;
    const std::string_view cid = text.substr (0, colon), port = text.substr (colon + 1);
    VsockAddress found;
    if (cid == "@")
        found.cid = VsockAddress::host;
    else if (!(wildcards && cid == "*") && !parse_number (cid, found.cid))
        return EINVAL;
    if (!(wildcards && port == "*") && !parse_number (port, found.port))
        return EINVAL;
    out = found;
    return 0;
}

std::string vsock_text (const VsockAddress &address)
{
    return (address.cid == VsockAddress::any ? "*" : std::to_string (address.cid)) + ':' + std::to_string (address.port);
}

}  // namespace engine
