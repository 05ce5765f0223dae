// zmq_ext_stats_t: what a socket has counted, and what is queued just now.
#include <cstring>

#include "core/socket.hpp"
#include "core/stats.hpp"

namespace engine {

void complete (zmq_ext_stats_t &stats) noexcept
{
    stats.parts_in += stats.messages_in;
    stats.parts_out += stats.messages_out;
    stats.dropped_out = stats.dropped_full + stats.dropped_unroutable + stats.dropped_lost + stats.dropped_memory;
}

void add (zmq_ext_stats_t &sum, const zmq_ext_stats_t &other) noexcept
{
    static_assert (sizeof (zmq_ext_stats_t) % sizeof (std::uint64_t) == 0);
    constexpr std::size_t count = sizeof (zmq_ext_stats_t) / sizeof (std::uint64_t);
    std::uint64_t left[count], right[count];
    std::memcpy (left, &sum, sizeof sum);
    std::memcpy (right, &other, sizeof other);
    for (std::size_t i = 0; i < count; ++i)
        left[i] += right[i];
    std::memcpy (&sum, left, sizeof sum);
}

void Socket::fill_stats (zmq_ext_stats_t &out) const noexcept
{
    out = stats;
    complete (out);
    out.queued_in = 0;
    out.queued_out = 0;
    out.peers = 0;
    for (const auto &pipe : pipes_) {
        out.queued_in += pipe->inbound_messages ();
        out.queued_out += pipe->outbound_messages ();
        out.peers += pipe->stream || pipe->datagrams;
    }
    for (const auto &pipe : inproc_pipes_) {
        if (pipe->for_engine)
            continue;
        out.queued_in += pipe->queued_in ();
        out.queued_out += pipe->queued_out ();
        out.peers++;
    }
}

}  // namespace engine
