// See events.hpp. The frames of events: zmq_socket_monitor(3).
#include "events.hpp"

#include <cstring>
#include <utility>

#include <zmq.h>

#include "invariant.hpp"

namespace sim {

bool Events::open (void *context, void *socket, const char *name)
{
    name_ = name;
    const int unlimited = 0;
    reader_ = zmq_socket (context, ZMQ_PAIR);
    return reader_ && zmq_setsockopt (reader_, ZMQ_RCVHWM, &unlimited, sizeof unlimited) == 0 &&
           zmq_socket_monitor (socket, "inproc://events", ZMQ_EVENT_ALL) == 0 && zmq_connect (reader_, "inproc://events") == 0;
}

void Events::read ()
{
    std::uint8_t frame[6];
    char endpoint[64];
    while (reader_ && zmq_recv (reader_, frame, sizeof frame, ZMQ_DONTWAIT) == sizeof frame) {
        if (zmq_recv (reader_, endpoint, sizeof endpoint, ZMQ_DONTWAIT) < 0)
            broken ("%s tells half an event", name_);
        std::uint16_t event = 0;
        std::uint32_t value = 0;
        std::memcpy (&event, frame, sizeof event);
        std::memcpy (&value, frame + sizeof event, sizeof value);
        take (event, value);
    }
}

void Events::take (std::uint16_t event, std::uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
    case ZMQ_EVENT_ACCEPTED:
        ++made_;
        if (over_.contains (value) || !up_.insert (value).second)
            broken ("%s tells that connection %u was made, which was there before", name_, value);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (!up_.erase (value) || !over_.insert (value).second)
            broken ("%s tells the end of connection %u, which was not there", name_, value);
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        if (++shaken_ > made_)
            broken ("%s tells of more handshakes than there are connections", name_);
        break;
    default:
        break;
    }
}

void Events::close ()
{
    if (!reader_)
        return;
    read ();
    zmq_close (std::exchange (reader_, nullptr));
    up_.clear ();
    over_.clear ();
    made_ = shaken_ = 0;
}

}  // namespace sim
