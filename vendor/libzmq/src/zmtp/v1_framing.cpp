// Frames of ZMTP 1.0 (RFC 13): a length, which counts the flags behind it, and flags. No commands: subscriptions are messages.
#include <cerrno>
#include <string_view>

#include "zmtp/big_endian.hpp"
#include "zmtp/command.hpp"
#include "zmtp/framing.hpp"

namespace engine {

namespace {

constexpr std::uint8_t long_length = 0xff;  // eight bytes of length follow

FrameHeader get_header (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.empty ())
        return header;
    std::uint64_t length = bytes[0];
    std::size_t flags_at = 1;
    if (length == long_length) {
        if (bytes.size () < 9)
            return header;
        length = get_u64 (bytes.data () + 1);
        flags_at = 9;
    }
    if (length == 0) {
        header.error = EPROTO;
        return header;
    }
    if (bytes.size () <= flags_at)
        return header;
    // RFC 13 reserves all other bits. What has them set is another protocol.
    if (bytes[flags_at] & ~flag_more) {
        header.error = EPROTO;
        return header;
    }
    header.header_size = flags_at + 1;
    header.flags = bytes[flags_at];
    header.body_size = length - 1;
    return header;
}

std::size_t put_header (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    if (body_size < long_length - 1) {
        at[0] = static_cast<std::uint8_t> (body_size + 1);
        at[1] = flags;
        return 2;
    }
    at[0] = long_length;
    put_u64 (at + 1, body_size + 1);
    at[9] = flags;
    return 10;
}

FrameForm form_of (Kind kind, bool) noexcept { return zmtp::form_without_commands (kind); }

}  // namespace

constinit const Framing zmtp::v1 = {
  .longest_header = 10,
  .uncommon_flags = 0xff,
  .has_commands = false,
  .get_header = get_header,
  .put_header = put_header,
  .get_own_header = get_header,
  .form_of = form_of,
};

}  // namespace engine
