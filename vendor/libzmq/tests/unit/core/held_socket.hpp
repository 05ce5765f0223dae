// A socket whose strand the test holds: nothing happens in it but what the test does, until it lets go. For tests of what lives
// under a strand (streams, connectors, pipes); the reactor thread runs, but waits at the strand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>

#include "base/clock.hpp"
#include "core/context.hpp"
#include "core/socket_guard.hpp"
#include "strand/strand.hpp"

namespace held {

using namespace engine;
using Frames = std::vector<std::string>;

constexpr Nanoseconds patience = 10000 * millisecond;

class HeldSocket
{
  public:
    // `context`: another HeldSocket's, to be in the same; null: one of its own.
    explicit HeldSocket (int type, void *context = nullptr) : context_ (context ? context : zmq_ctx_new ()), owns_context_ (!context)
    {
        REQUIRE (context_);
        strand_ = Strand::from_handle (zmq_socket (context_, type));
        REQUIRE (strand_);
        hold ();
        socket_ = &**guard_;
        socket ().options.linger = 0;
        REQUIRE (socket ().use_reactor () == 0);
    }
    ~HeldSocket ()
    {
        let_go ();
        zmq_close (strand_);
        if (owns_context_)
            zmq_ctx_term (context_);
    }
    HeldSocket (const HeldSocket &) = delete;
    HeldSocket &operator= (const HeldSocket &) = delete;

    void hold ()
    {
        if (!guard_)
            guard_ = std::make_unique<SocketGuard> (*strand_);
    }
    // Ends the call: what is left for its end happens now, then the reactor may do what it has to.
    void let_go () { guard_.reset (); }
    // As between two calls of an application.
    void next_call ()
    {
        let_go ();
        hold ();
    }
    // Lets the reactor work until the condition holds, which is asked with the strand held every millisecond; false when patience is over.
    bool wait (const std::function<bool ()> &condition)
    {
        for (const Nanoseconds deadline = now () + patience; now () < deadline;) {
            if (condition ())
                return true;
            let_go ();
            ::poll (nullptr, 0, 1);
            hold ();
        }
        return false;
    }

    SocketGuard &guard () { return *guard_; }
    // For whoever holds the strand: the test, or the reactor thread inside a call of it.
    Socket &socket () { return *socket_; }
    Strand &strand () { return *strand_; }
    void *handle () { return strand_; }
    void *context () { return context_; }
    Reactor &reactor () { return socket ().reactor (); }

    int send (std::string_view body, bool more = false)
    {
        Msg frame;
        REQUIRE (frame.init_copy (body.data (), body.size ()) == 0);
        frame.set_more (more);
        return socket ().try_send (frame);
    }
    // The next message that is there without doing input; empty if there is none.
    Frames recv ()
    {
        Frames frames;
        Msg frame;
        do {
            if (const int error = socket ().try_recv (frame)) {
                CHECK (error == EAGAIN);
                CHECK (frames.empty ());
                return {};
            }
            frames.emplace_back (frame.view ());
        } while (frame.more ());
        return frames;
    }

  private:
    void *context_;
    bool owns_context_;
    Strand *strand_ = nullptr;
    Socket *socket_ = nullptr;
    std::unique_ptr<SocketGuard> guard_;
};

}  // namespace held
