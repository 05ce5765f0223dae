// Frames of ZMTP 2.0 and 3.x (RFC 15, 23, 37): flags, then a length of one byte, or of eight. The versions differ in what is a command.
#include "zmtp/big_endian.hpp"
#include "zmtp/command.hpp"
#include "zmtp/framing.hpp"

namespace engine {

namespace {

constexpr std::uint8_t flag_long = 2;  // a length of eight bytes follows
constexpr std::size_t short_header = 2;
constexpr std::size_t long_header = 9;

FrameHeader get_header (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.size () < short_header)
        return header;
    if (bytes[0] & flag_long) {
        if (bytes.size () < long_header)
            return header;
        header.body_size = get_u64 (bytes.data () + 1);
        header.header_size = long_header;
    } else {
        header.body_size = bytes[1];
        header.header_size = short_header;
    }
    header.flags = bytes[0] & (flag_more | flag_command);
    return header;
}

std::size_t put_header (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    if (body_size <= 0xff) {
        at[0] = flags;
        at[1] = static_cast<std::uint8_t> (body_size);
        return short_header;
    }
    at[0] = flags | flag_long;
    put_u64 (at + 1, body_size);
    return long_header;
}

FrameForm form_v2 (Kind kind, bool) noexcept { return zmtp::form_without_commands (kind); }

FrameForm form_v3_0 (Kind kind, bool) noexcept
{
    if (kind == Kind::data || kind == Kind::subscribe || kind == Kind::cancel)
        return zmtp::form_without_commands (kind);
    return {true, flag_command, zmtp::command_string (kind)};
}

FrameForm form_v3_1 (Kind kind, bool) noexcept
{
    if (kind == Kind::data)
        return {};
    return {true, flag_command, zmtp::command_string (kind)};
}

}  // namespace

constinit const Framing zmtp::v2 = {
  .longest_header = long_header,
  .uncommon_flags = flag_long,
  .has_commands = false,
  .get_header = get_header,
  .put_header = put_header,
  .get_own_header = get_header,
  .form_of = form_v2,
};

constinit const Framing zmtp::v3_0 = {
  .longest_header = long_header,
  .uncommon_flags = flag_long | flag_command,
  .has_commands = true,
  .get_header = get_header,
  .put_header = put_header,
  .get_own_header = get_header,
  .form_of = form_v3_0,
};

constinit const Framing zmtp::v3_1 = {
  .longest_header = long_header,
  .uncommon_flags = flag_long | flag_command,
  .has_commands = true,
  .get_header = get_header,
  .put_header = put_header,
  .get_own_header = get_header,
  .form_of = form_v3_1,
};

}  // namespace engine
