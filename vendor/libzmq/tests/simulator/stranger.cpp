// See stranger.hpp.
#include "stranger.hpp"

#include <cstring>

#include "invariant.hpp"
#include "message.hpp"

namespace sim {

namespace {

// What a peer that has not shaken hands can make the engine read; whatever it keeps of that is less.
constexpr std::uint64_t most_read = 320 * 1024;
constexpr std::uint64_t much = 600 * 1024;

}  // namespace

Stranger::Stranger (Kind kind, std::shared_ptr<Connection> connection, std::uint32_t sender, Random random)
    : kind_ (kind), connection_ (std::move (connection)), sender_ (sender), random_ (random)
{
    connection_->end[0].stranger = this;
    std::uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    switch (kind_) {
    case Kind::browser:
        say ("GET / HTTP/1.1\r\n", 16);
        break;
    case Kind::silent:
        say (greeting, random_.below (sizeof greeting + 1));
        break;
    case Kind::impatient:
    case Kind::boaster:
        say (greeting, sizeof greeting);
        break;
    case Kind::pusher_of_1:
        say ("\x01", 2);  // an empty identity: its size with the flags, and the flags
        break;
    case Kind::pusher_of_2:
        greeting[8] = 1;
        greeting[10] = 1;
        greeting[11] = 8;  // PUSH
        say (greeting, 12);
        say ("\0", 2);  // its identity
        break;
    }
    if (kind_ == Kind::boaster)
        say ("\x06\0\0\xff\xff\xff\xff\xff\xff\x05READY", 15);
}

void Stranger::say (const void *bytes, std::size_t size)
{
    const auto *const from = static_cast<const std::uint8_t *> (bytes);
    to_say_.insert (to_say_.end (), from, from + size);
}

void Stranger::say_message ()
{
    std::uint8_t body[sizeof (Stamp) + 64];
    const std::size_t size = sizeof (Stamp) + random_.below (65);
    make_part (body, size, {.topic = 'a', .part = 0, .parts = 1, .sender = sender_, .number = sent_messages});
    if (kind_ == Kind::pusher_of_1) {
        const std::uint8_t header[2] = {static_cast<std::uint8_t> (size + 1), 0};
        say (header, 2);
    } else {
        const std::uint8_t header[2] = {0, static_cast<std::uint8_t> (size)};
        say (header, 2);
    }
    say (body, size);
    ++sent_messages;
}

bool Stranger::is_over () const noexcept
{
    const End &end = connection_->end[0];
    return end.error || end.unread || connection_->way[1].end_arrived;
}

bool Stranger::moves () const noexcept
{
    const Way &out = connection_->way[0];
    const Way &in = connection_->way[1];
    if (is_over () || in.readable () > 0)
        return true;
    const bool more = !to_say_.empty () || (is_peer () ? sent_messages < most_messages : kind_ != Kind::silent && out.written < much);
    return more && out.room () > 0;
}

void Stranger::turn ()
{
    Way &in = connection_->way[1];
    Way &out = connection_->way[0];
    std::uint8_t waste[256];
    while (in.readable () > 0)
        heard_ += in.take (waste, sizeof waste);
    if (is_over ()) {
        leave ();
        return;
    }
    if (to_say_.empty ()) {
        if (is_peer ()) {
            if (sent_messages < most_messages)
                say_message ();
        } else if (kind_ != Kind::silent && out.written < much) {
            // Frames of messages, and what looks like none.
            std::uint8_t bytes[1024];
            for (std::uint8_t &byte : bytes)
                byte = static_cast<std::uint8_t> (random_.next ());
            bytes[0] = 0;
            bytes[1] = 200;
            say (bytes, kind_ == Kind::impatient ? 202 : sizeof bytes);
        }
    }
    const std::size_t count = std::min (to_say_.size (), out.room ());
    out.put (to_say_.data (), count);
    to_say_.erase (to_say_.begin (), to_say_.begin () + static_cast<std::ptrdiff_t> (count));
}

void Stranger::was_read (std::uint64_t bytes)
{
    if (!is_peer () && bytes > most_read)
        broken ("connection %llu: %llu bytes were read of a peer that has not shaken hands",
                static_cast<unsigned long long> (connection_->number), static_cast<unsigned long long> (bytes));
}

void Stranger::leave ()
{
    if (gone_)
        return;
    gone_ = true;
    connection_->end[0].stranger = nullptr;
    connection_->close (0);
}

}  // namespace sim
