// The names of inproc in one context: who is bound to what, and who connected to a name that nobody has bound yet.
//
// Its mutex is taken with a strand held (never the other way round); only doorbells are rung from inside.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"

namespace engine {

class InprocChannel;
class Reactor;
class Strand;

class InprocRegistry
{
  public:
    struct Binding
    {
        Strand *strand = nullptr;
        std::uint64_t id = 0;
        int send_limit = 0;  // as of the bind
        int receive_limit = 0;
        std::string routing_id;
        std::string hello;              // ZMQ_HELLO_MSG; empty: none
        Reactor *server = nullptr;      // a monitor's: runs the mailbox when something is delivered
        bool answers_requests = false;  // of a socket that can be ZAP's handler
    };

    // EADDRINUSE; 0: the channels of those who were waiting are handed over, each with one reference. Throws std::bad_alloc, nothing
    // changed.
    int bind (const std::string &name, Binding binding, std::vector<InprocChannel *> &waiting);
    // The name is free when this returns. False: it was not that binding's.
    bool unbind (const std::string &name, std::uint64_t id) noexcept;

    // Joins side 1 of the channel to whoever is bound (true), or keeps it until somebody binds (false). May throw std::bad_alloc.
    bool connect (const std::string &name, InprocChannel &channel);
    // As connect(), but only to one that answers requests and is bound now; false: there is none.
    bool connect_to_handler (const std::string &name, InprocChannel &channel);
    // The connecting side of a waiting channel has gone and left nothing in it. (A channel with messages goes on waiting, until somebody
    // binds or the context ends.)
    bool forget (const std::string &name, InprocChannel &channel) noexcept;  // false: it was not waiting

    static std::uint64_t next_id () noexcept;
    // Writes what the binding side is into side 1, the strand last.
    static void join (InprocChannel &channel, const Binding &binding);

    ~InprocRegistry ();

  private:
    // Tells the bound side of the channel. False: it is closing, as if nobody had bound.
    static bool introduce (InprocChannel &channel, const Binding &binding);

    Mutex mutex_;
    std::unordered_map<std::string, Binding> bindings_ ENGINE_GUARDED_BY (mutex_);
    std::multimap<std::string, InprocChannel *> waiting_ ENGINE_GUARDED_BY (mutex_);  // of one name in the order of their connects
};

}  // namespace engine
