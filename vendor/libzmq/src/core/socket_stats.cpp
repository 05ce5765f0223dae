// zmq_ext_stats: what a socket has counted, and what is queued just now.
#include "core/socket.hpp"

namespace engine {

void Socket::fill_stats (zmq_ext_stats_t &out) const noexcept
{
    out = stats;
    out.queued_in = 0;
    out.queued_out = 0;
    out.peers = 0;
    for (const auto &pipe : pipes_) {
        out.queued_in += pipe->inbound_messages ();
        out.queued_out += pipe->outbound_messages ();
        out.peers += pipe->stream != nullptr;
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
