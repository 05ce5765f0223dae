// message.cpp - see message.hpp.
#include "message.hpp"

#include <algorithm>
#include <cstring>

namespace stress {

namespace {

std::uint8_t filler_of (std::uint32_t number, std::size_t part) noexcept { return static_cast<std::uint8_t> (number * 31 + part * 7 + 1); }

std::string text_of (const char *what, std::uint32_t sender, std::uint32_t number)
{
    return std::string (what) + " (sender " + std::to_string (sender) + ", message " + std::to_string (number) + ")";
}

}  // namespace

void draw_parts (Message &message, Random &random, int parts, int size)
{
    message.sizes.clear ();
    const std::uint32_t count = 1 + random.below (static_cast<std::uint32_t> (parts));
    const std::uint32_t least = sizeof (PartHeader);
    const std::uint32_t most = std::max (static_cast<std::uint32_t> (size), least);
    for (std::uint32_t i = 0; i < count; ++i)
        // Where large ones are allowed most are small all the same.
        message.sizes.push_back (least + random.below ((most > 2000 && !random.one_in (8) ? 64 : most) - least + 1));
}

void write_part (const Message &message, std::size_t part, void *to) noexcept
{
    PartHeader header{};
    header.sender = message.sender;
    header.number = message.number;
    header.size = message.sizes[part];
    header.kind = message.kind;
    header.part = static_cast<std::uint8_t> (part);
    header.parts = static_cast<std::uint8_t> (message.sizes.size ());
    header.filler = filler_of (message.number, part);
    std::memcpy (to, &header, sizeof header);
    std::memset (static_cast<char *> (to) + sizeof header, header.filler, message.sizes[part] - sizeof header);
}

void read_part (Message &message, const void *from, std::size_t size, bool more)
{
    PartHeader header;
    if (size < sizeof header)
        throw Failure ("a part of " + std::to_string (size) + " bytes that nobody sent");
    std::memcpy (&header, from, sizeof header);
    const std::size_t part = message.sizes.size ();
    if (part == 0) {
        message.sender = header.sender;
        message.number = header.number;
        message.kind = header.kind;
    }
    if (header.sender != message.sender || header.number != message.number || header.kind != message.kind)
        throw Failure (text_of ("a part of another message", header.sender, header.number) +
                       text_of (" inside a message", message.sender, message.number));
    if (header.part != part || more != (part + 1 < header.parts))
        throw Failure (text_of ("the parts are not those that were sent", header.sender, header.number));
    const char *const body = static_cast<const char *> (from) + sizeof header;
    const std::size_t length = size - sizeof header;
    const auto filler = static_cast<char> (filler_of (header.number, part));
    if (header.size != size || (length > 0 && (body[0] != filler || std::memcmp (body, body + 1, length - 1) != 0)))
        throw Failure (text_of ("a part was damaged", header.sender, header.number));
    message.sizes.push_back (header.size);
}

void Ledger::note (const Message &message)
{
    std::uint32_t &next = _next[message.sender];
    if (message.number < next)
        throw Failure (text_of ("came twice or too late", message.sender, message.number) + ", expected " + std::to_string (next));
    if (message.number > next && !_shared)
        throw Failure (text_of ("came too early, or others are lost", message.sender, message.number) + ", expected " +
                       std::to_string (next));
    next = message.number + 1;
}

std::uint32_t Tally::next_number (std::uint32_t sender)
{
    _sent.fetch_add (1, std::memory_order_acq_rel);
    return _marks[sender].next++;
}

std::string Tally::missing () const
{
    std::string text;
    for (std::size_t sender = 0; sender < _marks.size (); ++sender) {
        const std::uint32_t end = _marks[sender].next;
        for (std::uint32_t first = 0; first < end; ++first) {
            std::uint32_t after = first;
            while (after < end && !_marks[sender].seen[after])
                ++after;
            if (after == first)
                continue;
            if (text.size () > 2000)
                return text + " ...";
            text +=
              " " + std::to_string (sender) + ":" + std::to_string (first) + "-" + std::to_string (after - 1) + "/" + std::to_string (end);
            first = after;
        }
    }
    return text.empty () ? text : "not received, sender:numbers/count:" + text;
}

void Tally::received (const Message &message)
{
    if (message.sender >= _marks.size () || message.number >= most)
        throw Failure (text_of ("nobody sent this", message.sender, message.number));
    if (_marks[message.sender].seen[message.number].exchange (true))
        throw Failure (text_of ("came twice", message.sender, message.number));
    _received.fetch_add (1, std::memory_order_acq_rel);
}

}  // namespace stress
