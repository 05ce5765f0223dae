// monitor.hpp - a socket monitor and its consumer in one object.
// Owns: starting the monitor, reading version-1 events, waiting for one of them.
// Leaves to others: which sequences are right (topics/monitor.cpp).
#pragma once

#include <string>
#include <vector>

#include "harness.hpp"

namespace conf {

struct Event
{
    int event;
    int value;
    std::string endpoint;
};

// "LISTENING" and the like; the number in hexadecimal if unknown.
std::string event_name (int event);

class Monitor
{
  public:
    // Monitors `socket` from now on; `context` must be the socket's.
    Monitor (void *context, void *socket, int events = ZMQ_EVENT_ALL);
    // The next event within `ms`; event 0 if none.
    Event next (int ms = patience);
    // Skips events until one of this kind; throws when none comes.
    Event wait (int event, int ms = patience);
    // Names of all events up to and including `last`.
    std::vector<std::string> until (int last, int ms = patience);
    // Names of all events until `ms` pass without one.
    std::vector<std::string> rest (int ms = quiet);
    void *consumer () const { return _consumer; }

  private:
    Socket _consumer;
};

}  // namespace conf
