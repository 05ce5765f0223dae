// monitor.cpp - see monitor.hpp.
#include "monitor.hpp"

#include <cstdio>

namespace conf {

std::string event_name (int event)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        return "CONNECTED";
    case ZMQ_EVENT_CONNECT_DELAYED:
        return "CONNECT_DELAYED";
    case ZMQ_EVENT_CONNECT_RETRIED:
        return "CONNECT_RETRIED";
    case ZMQ_EVENT_LISTENING:
        return "LISTENING";
    case ZMQ_EVENT_BIND_FAILED:
        return "BIND_FAILED";
    case ZMQ_EVENT_ACCEPTED:
        return "ACCEPTED";
    case ZMQ_EVENT_ACCEPT_FAILED:
        return "ACCEPT_FAILED";
    case ZMQ_EVENT_CLOSED:
        return "CLOSED";
    case ZMQ_EVENT_CLOSE_FAILED:
        return "CLOSE_FAILED";
    case ZMQ_EVENT_DISCONNECTED:
        return "DISCONNECTED";
    case ZMQ_EVENT_MONITOR_STOPPED:
        return "MONITOR_STOPPED";
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return "HANDSHAKE_FAILED_NO_DETAIL";
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return "HANDSHAKE_SUCCEEDED";
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return "HANDSHAKE_FAILED_PROTOCOL";
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return "HANDSHAKE_FAILED_AUTH";
    default:
        char text[16];
        std::snprintf (text, sizeof text, "0x%x", static_cast<unsigned> (event));
        return text;
    }
}

Monitor::Monitor (void *context, void *socket, int events) : _consumer (context, ZMQ_PAIR)
{
    const std::string name = inproc_name ();
    ok (zmq_socket_monitor (socket, name.c_str (), events), "zmq_socket_monitor");
    _consumer.connect (name);
}

Event Monitor::next (int ms)
{
    if (!wait_for (_consumer, ZMQ_POLLIN, ms))
        return {0, 0, ""};
    const Msg frames = recv (_consumer);
    if (frames.size () != 2 || frames[0].size () != 6)
        throw Failure ("malformed monitor event");
    uint16_t event;
    int32_t value;
    std::memcpy (&event, frames[0].data (), sizeof event);
    std::memcpy (&value, frames[0].data () + 2, sizeof value);
    return {event, value, frames[1]};
}

Event Monitor::wait (int event, int ms)
{
    const Timer timer;
    std::string seen;
    while (timer.ms () <= ms) {
        const Event found = next (std::max (0, ms - static_cast<int> (timer.ms ())));
        if (found.event == event)
            return found;
        seen += event_name (found.event) + " ";
    }
    throw Failure ("no event " + event_name (event) + ", only " + seen);
}

std::vector<std::string> Monitor::until (int last, int ms)
{
    std::vector<std::string> names;
    while (true) {
        const Event found = next (ms);
        if (!found.event) {
            names.push_back ("(nothing more)");
            return names;
        }
        names.push_back (event_name (found.event));
        if (found.event == last)
            return names;
    }
}

std::vector<std::string> Monitor::rest (int ms)
{
    std::vector<std::string> names;
    for (Event found = next (ms); found.event; found = next (ms))
        names.push_back (event_name (found.event));
    return names;
}

}  // namespace conf
