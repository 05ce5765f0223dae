// See message.hpp.
#include "message.hpp"

#include <array>
#include <cstring>

#include "invariant.hpp"

namespace sim {

namespace {

constexpr std::size_t most = 256 * 1024;
constexpr unsigned period = 251;

const std::uint8_t *pattern (const Stamp &stamp) noexcept
{
    static const auto table = [] {
        std::vector<std::uint8_t> made (most + period);
        for (std::size_t i = 0; i < made.size (); ++i)
            made[i] = static_cast<std::uint8_t> (i % period);
        return made;
    }();
    return table.data () + (stamp.number * 31U + stamp.part * 7U + stamp.sender) % period;
}

}  // namespace

void make_part (void *body, std::size_t size, Stamp stamp) noexcept
{
    stamp.size = static_cast<std::uint32_t> (size);
    std::memcpy (body, &stamp, sizeof stamp);
    std::memcpy (static_cast<std::uint8_t *> (body) + sizeof stamp, pattern (stamp), size - sizeof stamp);
}

Stamp check_part (const void *body, std::size_t size, const char *where)
{
    Stamp stamp;
    if (size < sizeof stamp)
        broken ("%s got a part of %zu bytes that nobody has sent", where, size);
    std::memcpy (&stamp, body, sizeof stamp);
    if (stamp.magic != Stamp{}.magic || stamp.size != size || size > most ||
        std::memcmp (static_cast<const std::uint8_t *> (body) + sizeof stamp, pattern (stamp), size - sizeof stamp) != 0)
        broken ("%s got a part of %zu bytes that was damaged or sent by nobody", where, size);
    return stamp;
}

void Ledger::delivered (std::uint32_t receiver, const Stamp &stamp, int connection)
{
    Flow &flow = flows_[key (receiver, stamp.sender)];
    if (stamp.number >= flow.seen.size ())
        flow.seen.resize (2 * std::size_t{stamp.number} + 64);
    if (flow.seen[stamp.number])
        broken ("socket %u got message %u of socket %u twice", receiver, stamp.number, stamp.sender);
    flow.seen[stamp.number] = true;
    ++flow.count;
    if (flow.cached != connection) {
        flow.cached = connection;
        flow.cached_last = &flow.last.try_emplace (connection, -1).first->second;
    }
    if (*flow.cached_last >= stamp.number)
        broken ("socket %u got message %u of socket %u after %lld of the same connection", receiver, stamp.number, stamp.sender,
                static_cast<long long> (*flow.cached_last));
    *flow.cached_last = stamp.number;
}

std::uint32_t Ledger::count (std::uint32_t receiver, std::uint32_t sender) const noexcept
{
    const auto found = flows_.find (key (receiver, sender));
    return found == flows_.end () ? 0 : found->second.count;
}

std::uint32_t Ledger::missing (std::uint32_t receiver, std::uint32_t sender, std::uint32_t from, std::uint32_t to) const noexcept
{
    const auto found = flows_.find (key (receiver, sender));
    std::uint32_t missing = 0;
    for (std::uint32_t number = from; number < to; ++number)
        missing += found == flows_.end () || number >= found->second.seen.size () || !found->second.seen[number];
    return missing;
}

}  // namespace sim
