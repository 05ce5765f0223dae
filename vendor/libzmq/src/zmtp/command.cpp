// See command.hpp.
#include "zmtp/command.hpp"

namespace engine::zmtp {

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
    case Kind::end:
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

FrameForm form_without_commands (Kind kind) noexcept
{
    using namespace std::string_view_literals;
    switch (kind) {
    case Kind::data:
        return {};
    case Kind::subscribe:
        return {.prefix = "\1"sv};
    case Kind::cancel:
        return {.prefix = "\0"sv};
    default:
        return {.known = false};
    }
}

}  // namespace engine::zmtp
