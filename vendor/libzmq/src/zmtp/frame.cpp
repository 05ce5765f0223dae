// Reading of frame headers and of command names; see frame.hpp.
#include "zmtp/frame.hpp"

#include <algorithm>

namespace engine::zmtp {

FrameHeader get_header_v1 (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.empty ())
        return header;
    std::uint64_t length = bytes[0];
    std::size_t flags_at = 1;
    if (length == 0xff) {
        if (bytes.size () < 9)
            return header;
        length = get_u64 (bytes.data () + 1);
        flags_at = 9;
    }
    if (length == 0) {
        header.malformed = true;
        return header;
    }
    if (bytes.size () <= flags_at)
        return header;
    // RFC 13 reserves all other bits. What has them set is another protocol.
    if (bytes[flags_at] & ~flag_more) {
        header.malformed = true;
        return header;
    }
    header.header_size = flags_at + 1;
    header.flags = bytes[flags_at];
    header.body_size = length - 1;
    return header;
}

FrameHeader get_header_v2 (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.size () < 2)
        return header;
    if (bytes[0] & flag_long) {
        if (bytes.size () < 9)
            return header;
        header.body_size = get_u64 (bytes.data () + 1);
        header.header_size = 9;
    } else {
        header.body_size = bytes[1];
        header.header_size = 2;
    }
    header.flags = bytes[0] & (flag_more | flag_command);
    return header;
}

std::string_view command_string (Kind kind) noexcept
{
    using namespace std::string_view_literals;
    switch (kind) {
    case Kind::subscribe:
        return "\x09SUBSCRIBE"sv;
    case Kind::cancel:
        return "\x06"
               "CANCEL"sv;
    case Kind::join:
        return "\x04JOIN"sv;
    case Kind::leave:
        return "\x05LEAVE"sv;
    case Kind::ping:
        return "\x04PING"sv;
    case Kind::pong:
        return "\x04PONG"sv;
    case Kind::data:
    case Kind::command:
        break;
    }
    return {};
}

Command parse_command (std::span<const std::uint8_t> body) noexcept
{
    const std::string_view text (reinterpret_cast<const char *> (body.data ()), body.size ());
    for (const Kind kind : {Kind::ping, Kind::pong, Kind::subscribe, Kind::cancel, Kind::join, Kind::leave}) {
        const std::string_view name = command_string (kind);
        if (!text.starts_with (name))
            continue;
        // A PING without its two bytes of time-to-live has no meaning.
        if (kind == Kind::ping && text.size () < name.size () + 2)
            break;
        return {kind, name.size ()};
    }
    return {};
}

}  // namespace engine::zmtp
