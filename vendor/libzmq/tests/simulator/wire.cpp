// See wire.hpp.
#include "wire.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "invariant.hpp"
#include "kernel.hpp"

namespace sim {

namespace {

constexpr std::uint8_t greeting_size = 64;

// The commands of the handshake, in order; end 0 of the pair is the client.
constexpr std::string_view null_commands[] = {"READY"};
constexpr std::string_view client_commands[] = {"HELLO", "INITIATE"};
constexpr std::string_view server_commands[] = {"WELCOME", "READY"};
constexpr std::string_view traffic_commands[] = {"PING", "PONG", "SUBSCRIBE", "CANCEL", "JOIN", "LEAVE"};

}  // namespace

void Wire::sent (int side, std::span<const std::uint8_t> bytes)
{
    Reader &reader = reader_[side];
    while (watches_ && !bytes.empty ()) {
        if (reader.phase == Phase::error)
            broken ("connection %llu: bytes follow an ERROR", static_cast<unsigned long long> (connection_.number));
        std::size_t used = 1;
        if (reader.phase == Phase::greeting) {
            // (Byte 10 is the major version.)
            used = std::min<std::size_t> (bytes.size (), reader.greeting_size < 10 ? 10U - reader.greeting_size : 1U);
            const std::uint8_t byte = bytes[used - 1];
            reader.greeting_size = static_cast<std::uint8_t> (reader.greeting_size + used);
            if (reader.greeting_size == 11 && byte != 3)
                watches_ = false;
            if (reader.greeting_size == greeting_size)
                reader.phase = Phase::handshake;
        } else if (!reader.in_body) {
            reader.header[reader.header_size++] = bytes[0];
            if (reader.header_size >= 2 && reader.header_size == ((reader.header[0] & 2) ? 9 : 2)) {
                reader.position += 1;
                header_done (side);
                reader.position -= 1;
            }
        } else {
            used = static_cast<std::size_t> (std::min<std::uint64_t> (bytes.size (), reader.body_left));
            const std::size_t kept = std::min (used, sizeof reader.start - reader.start_size);
            std::memcpy (reader.start + reader.start_size, bytes.data (), kept);
            reader.start_size = static_cast<std::uint8_t> (reader.start_size + kept);
            reader.body_left -= used;
            if (reader.body_left == 0) {
                reader.position += used;
                body_done (side);
                reader.position -= used;
            }
        }
        reader.position += used;
        bytes = bytes.subspan (used);
    }
}

void Wire::header_done (int side)
{
    Reader &reader = reader_[side];
    const std::uint8_t flags = reader.header[0];
    const auto number = static_cast<unsigned long long> (connection_.number);
    if ((flags & ~7) || ((flags & 4) && (flags & 1)))
        broken ("connection %llu: a frame has flags 0x%02x", number, flags);
    reader.body_left = reader.header[1];
    if (flags & 2) {
        reader.body_left = 0;
        for (int i = 1; i < 9; ++i)
            reader.body_left = reader.body_left << 8 | reader.header[i];
    }
    if (reader.phase == Phase::handshake && (!(flags & 4) || may_send_traffic (side))) {
        if (!may_send_traffic (side))
            broken ("connection %llu: end %d sends a message before the handshake is complete", number, side);
        reader.phase = Phase::traffic;
    }
    reader.in_body = true;
    reader.start_size = 0;
    if (reader.body_left == 0)
        body_done (side);
}

void Wire::body_done (int side)
{
    Reader &reader = reader_[side];
    const auto number = static_cast<unsigned long long> (connection_.number);
    reader.in_body = false;
    reader.header_size = 0;
    if (!(reader.header[0] & 4)) {
        reader.in_message = reader.header[0] & 1;
        return;
    }
    const std::size_t size = reader.start_size > 0 ? std::min<std::size_t> (reader.start[0], reader.start_size - 1U) : 0;
    const std::string_view name (reinterpret_cast<const char *> (reader.start) + 1, size);
    if (name == "ERROR") {
        if (reader.phase == Phase::traffic)
            broken ("connection %llu: an ERROR in traffic", number);
        reader.phase = Phase::error;
        return;
    }
    if (reader.phase == Phase::traffic) {
        if (reader.in_message && name != "PING" && name != "PONG")
            broken ("connection %llu: a command within a message", number);
        if (std::find (std::begin (traffic_commands), std::end (traffic_commands), name) == std::end (traffic_commands))
            broken ("connection %llu: command %.*s in traffic", number, static_cast<int> (name.size ()), name.data ());
        return;
    }
    const std::span<const std::string_view> expected = !plain_           ? std::span<const std::string_view> (null_commands)
                                                       : side == server_ ? std::span<const std::string_view> (server_commands)
                                                                         : std::span<const std::string_view> (client_commands);
    if (reader.commands >= expected.size () || expected[reader.commands] != name)
        broken ("connection %llu: end %d says %.*s out of turn", number, side, static_cast<int> (name.size ()), name.data ());
    if (++reader.commands == expected.size ())
        reader.last_word = reader.position;
}

// NULL: what it has to say is said, and the peer's READY is read. A PLAIN server's is said with READY.
bool Wire::may_send_traffic (int side) const noexcept
{
    const Reader &own = reader_[side];
    if (!own.last_word)
        return false;
    if (plain_ && side == server_)
        return true;
    const Reader &peer = reader_[1 - side];
    if (connection_.end[1 - side].stranger)
        return true;
    return peer.last_word && connection_.way[1 - side].read >= peer.last_word;
}

bool Wire::agreed () const noexcept
{
    for (int side = 0; side < 2; ++side)
        if (!reader_[side].last_word || connection_.way[side].read < reader_[side].last_word)
            return false;
    return true;
}

}  // namespace sim
