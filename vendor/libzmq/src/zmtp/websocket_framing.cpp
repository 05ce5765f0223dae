// Frames as messages of the WebSocket protocol (RFC 6455), each of which is binary and begins with a byte of flags (RFC 45). What a client
// sends is masked, what a server sends is not; the other way round is an error. Pings, pongs and ends are the protocol's own, and no cipher
// has to do with them.
#include <cerrno>
#include <cstring>

#include "platform/entropy.hpp"
#include "zmtp/big_endian.hpp"
#include "zmtp/command.hpp"
#include "zmtp/framing.hpp"

namespace engine {

namespace {

enum Opcode : std::uint8_t
{
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

// First byte.
constexpr std::uint8_t final_piece = 0x80;
constexpr std::uint8_t reserved = 0x70;
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t control_bit = 8;  // of the opcode
// Second byte.
constexpr std::uint8_t masked = 0x80;
constexpr std::uint8_t length_bits = 0x7f;
constexpr std::uint8_t longest_short = 125;
constexpr std::uint8_t two_bytes = 126;
constexpr std::uint8_t eight_bytes = 127;
// RFC 45's byte of flags.
constexpr std::uint8_t zws_more = 1;
constexpr std::uint8_t zws_command = 2;

// For put_header(): beside FrameFlag, what is no data.
constexpr std::uint8_t as_opcode_shift = 4;
constexpr std::uint8_t as (Opcode opcode) noexcept { return static_cast<std::uint8_t> (opcode << as_opcode_shift); }

constexpr std::size_t mask_size = 4;

std::uint8_t flags_of (std::uint8_t zws) noexcept
{
    return static_cast<std::uint8_t> ((zws & zws_more ? flag_more : 0) | (zws & zws_command ? flag_command : 0));
}

FrameHeader wrong (int error) noexcept
{
    FrameHeader header;
    header.error = error;
    return header;
}

// The size of the payload, and where what follows it begins; `at` 0: more bytes are needed.
struct Length
{
    std::uint64_t size = 0;
    std::size_t at = 0;
    bool valid = true;
};

Length get_length (std::span<const std::uint8_t> bytes) noexcept
{
    const std::uint8_t code = bytes[1] & length_bits;
    if (code <= longest_short)
        return {code, 2, true};
    if (code == two_bytes) {
        if (bytes.size () < 4)
            return {};
        const auto size = static_cast<std::uint64_t> (bytes[2] << 8 | bytes[3]);
        return {size, 4, size > longest_short};
    }
    if (bytes.size () < 10)
        return {};
    const std::uint64_t size = get_u64 (bytes.data () + 2);
    return {size, 10, size > 0xffff && size <= UINT64_MAX >> 1};
}

template <bool is_masked>
FrameHeader get_header (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.empty ())
        return header;
    const std::uint8_t opcode = bytes[0] & opcode_bits;
    const bool control = opcode & control_bit;
    if (bytes[0] & reserved || opcode > pong || (opcode > binary && !control))
        return wrong (EPROTO);
    if (opcode == text)
        return wrong (EPROTONOSUPPORT);
    if (bytes.size () < 2)
        return header;
    if (((bytes[1] & masked) != 0) != is_masked)
        return wrong (EPROTO);
    if (control && (!(bytes[0] & final_piece) || (bytes[1] & length_bits) > longest_short))
        return wrong (EPROTO);
    const Length length = get_length (bytes);
    if (!length.valid)
        return wrong (EPROTO);
    if (length.at == 0)
        return header;
    const std::size_t masked_from = length.at + (is_masked ? mask_size : 0);
    if (bytes.size () < masked_from)
        return header;
    if (is_masked)
        std::memcpy (&header.mask, bytes.data () + length.at, mask_size);
    if (control) {
        header.kind = opcode == ping ? Kind::ping : opcode == pong ? Kind::pong : Kind::end;
    } else if (opcode == binary && bytes[0] & final_piece) [[likely]] {
        // The flags are the first byte of what is masked.
        if (length.size == 0)
            return wrong (EPROTO);
        if (bytes.size () == masked_from)
            return FrameHeader{};
        std::uint8_t mask[mask_size];
        std::memcpy (mask, &header.mask, mask_size);
        header.flags = flags_of (static_cast<std::uint8_t> (bytes[masked_from] ^ mask[0]));
        const std::uint8_t rest[mask_size] = {mask[1], mask[2], mask[3], mask[0]};
        std::memcpy (&header.mask, rest, mask_size);
        header.header_size = masked_from + 1;
        header.body_size = length.size - 1;
        return header;
    } else {
        header.piece = opcode == binary ? Piece::first : bytes[0] & final_piece ? Piece::last : Piece::middle;
    }
    header.header_size = masked_from;
    header.body_size = length.size;
    return header;
}

FrameHeader get_joined (std::span<const std::uint8_t> bytes) noexcept
{
    if (bytes.empty ())
        return wrong (EPROTO);
    FrameHeader header;
    header.header_size = 1;
    header.flags = flags_of (bytes[0]);
    header.body_size = bytes.size () - 1;
    return header;
}

// (RFC 6455, 10.3.)
void put_mask (std::uint8_t *at) noexcept
{
    const std::uint32_t mask = random_word ();
    std::memcpy (at, &mask, mask_size);
}

template <bool masks>
std::size_t put_header (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    const bool control = flags >> as_opcode_shift;
    const std::uint64_t size = body_size + (control ? 0 : 1);
    at[0] = static_cast<std::uint8_t> (final_piece | (control ? flags >> as_opcode_shift : binary));
    std::size_t end = 2;
    if (size <= longest_short) {
        at[1] = static_cast<std::uint8_t> (size);
    } else if (size <= 0xffff) {
        at[1] = two_bytes;
        at[2] = static_cast<std::uint8_t> (size >> 8);
        at[3] = static_cast<std::uint8_t> (size);
        end = 4;
    } else {
        at[1] = eight_bytes;
        put_u64 (at + 2, size);
        end = 10;
    }
    if (masks) {
        at[1] |= masked;
        put_mask (at + end);
        end += mask_size;
    }
    if (control)
        return end;
    at[end] = static_cast<std::uint8_t> ((flags & flag_more ? zws_more : 0) | (flags & flag_command ? zws_command : 0));
    if (masks)
        at[end] ^= at[end - mask_size];
    return end + 1;
}

template <bool masks>
std::uint8_t *put_data (std::uint8_t *at, std::uint8_t flags, const std::uint8_t *body, std::size_t size) noexcept
{
    std::uint8_t *const to = at + put_header<masks> (at, flags, size);
    if constexpr (masks) {
        // The flags before it have had the first of the four.
        const std::uint8_t *const mask = to - 1 - mask_size;
        const std::uint8_t rest[mask_size] = {mask[1], mask[2], mask[3], mask[0]};
        std::uint32_t rotated = 0;
        std::memcpy (&rotated, rest, mask_size);
        copy_masked (rotated, body, to, size);
    } else {
        std::memcpy (to, body, size);
    }
    return to + size;
}

FrameForm form_of (Kind kind, bool) noexcept
{
    switch (kind) {
    case Kind::data:
        return {};
    case Kind::ping:
        return {.flags = as (ping), .never_sealed = true};
    case Kind::pong:
        return {.flags = as (pong), .never_sealed = true};
    case Kind::end:
        return {.flags = as (close), .never_sealed = true};
    case Kind::subscribe:
    case Kind::cancel:
        // (Sealed, too. libzmq seals commands then, which its own publishers of 4.3.4 do not understand; all understand this.)
        return zmtp::form_without_commands (kind);
    default:
        break;
    }
    return {.flags = flag_command, .prefix = zmtp::command_string (kind)};
}

// ---- the end (RFC 6455, 7.4) ----

enum Status : std::uint16_t
{
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    not_utf8 = 1007,
    policy_violation = 1008,
    too_big = 1009
};

std::size_t put_status (std::uint8_t *at, unsigned status) noexcept
{
    at[0] = static_cast<std::uint8_t> (status >> 8);
    at[1] = static_cast<std::uint8_t> (status);
    return 2;
}

std::size_t put_end (std::uint8_t (&body)[Framing::longest_end], int why) noexcept
{
    switch (why) {
    case 0:
        return put_status (body, going_away);
    case EPROTONOSUPPORT:
        return put_status (body, unsupported_data);
    case EACCES:
        return put_status (body, policy_violation);
    case EMSGSIZE:
        return put_status (body, too_big);
    default:
        return put_status (body, protocol_error);
    }
}

// What may be in an end: not what only says that there was none, or nothing.
bool may_be_sent (unsigned status) noexcept
{
    if (status >= 3000)
        return status < 5000;
    return status >= 1000 && status <= 1014 && (status < 1004 || status > 1006);
}

bool is_utf8 (std::span<const std::uint8_t> bytes) noexcept
{
    while (!bytes.empty ()) {
        const std::uint8_t lead = bytes[0];
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
        if (size == 0 || bytes.size () < size)
            return false;
        for (std::size_t i = 1; i < size; ++i)
            if ((bytes[i] & 0xc0) != 0x80)
                return false;
        // Too long a form, a surrogate, or beyond what there is.
        if ((lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xed && bytes[1] > 0x9f) || (lead == 0xf0 && bytes[1] < 0x90) ||
            (lead == 0xf4 && bytes[1] > 0x8f))
            return false;
        bytes = bytes.subspan (size);
    }
    return true;
}

std::size_t answer_end (std::uint8_t (&body)[Framing::longest_end], std::span<const std::uint8_t> said) noexcept
{
    if (said.empty ())
        return 0;
    const unsigned status = said.size () == 1 ? 0u : static_cast<unsigned> (said[0] << 8 | said[1]);
    if (!may_be_sent (status))
        return put_status (body, protocol_error);
    return put_status (body, is_utf8 (said.subspan (2)) ? status : unsigned{not_utf8});
}

constexpr Framing framing_of (bool is_client) noexcept
{
    Framing framing{};
    framing.longest_header = 15;
    framing.uncommon_flags = 0xff;
    framing.has_commands = true;
    framing.get_header = is_client ? get_header<false> : get_header<true>;
    framing.put_header = is_client ? put_header<true> : put_header<false>;
    framing.get_own_header = is_client ? get_header<true> : get_header<false>;
    framing.form_of = form_of;
    framing.put_data = is_client ? put_data<true> : put_data<false>;
    framing.masks = is_client;
    framing.echoes_pings = true;
    framing.get_joined = get_joined;
    framing.put_end = put_end;
    framing.answer_end = answer_end;
    return framing;
}

}  // namespace

constinit const Framing websocket::client = framing_of (true);
constinit const Framing websocket::server = framing_of (false);

}  // namespace engine
