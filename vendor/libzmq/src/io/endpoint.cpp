#include "io/endpoint.hpp"

#include <algorithm>
#include <utility>

#include <zmq.h>

#include "io/host.hpp"

namespace engine {

namespace {

// What of a socket's statistics a monitor event stands for.
std::uint64_t *counter (zmq_ext_stats_t &stats, int event) noexcept
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        return &stats.connects;
    case ZMQ_EVENT_ACCEPTED:
        return &stats.accepts;
    case ZMQ_EVENT_DISCONNECTED:
        return &stats.disconnects;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return &stats.handshakes;
    default:
        return nullptr;
    }
}

}  // namespace

Endpoint::Endpoint (StreamHost &socket, std::shared_ptr<const Options> options) : socket_ (socket), options_ (std::move (options)) {}

Endpoint::~Endpoint () = default;

void Endpoint::happened (int event, std::int64_t value) noexcept
{
    if (std::uint64_t *const count = counter (socket_.stats, event))
        ++*count;
    socket_.emit (event, static_cast<std::uint64_t> (value), *this);
}

void Endpoint::limit_lingering (int linger) noexcept
{
    if (linger > 0)
        linger_deadline_ = std::min (linger_deadline_, now () + linger * millisecond);
}

int Endpoint::start_watching (int fd, std::uint32_t events) noexcept
{
    return watch_.start (socket_.reactor (), socket_.strand (), *this, fd, events);
}

bool Endpoint::prepare_timer () noexcept { return timer_.prepare (socket_.reactor (), socket_.strand (), *this); }

bool Endpoint::arm_timer (Nanoseconds deadline) noexcept { return timer_.arm (socket_.reactor (), socket_.strand (), *this, deadline); }

}  // namespace engine
