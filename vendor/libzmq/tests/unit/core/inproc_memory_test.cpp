// Joining two sockets by inproc when memory runs out: an end that could not be made is not used, and the next try goes as ever.
#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"

using namespace held;

namespace {

struct Pair
{
    int connecting;
    int binding;
};
constexpr Pair pairs[] = {{ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_PUSH, ZMQ_PULL},     {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_DEALER, ZMQ_ROUTER},
                          {ZMQ_REQ, ZMQ_REP},   {ZMQ_ROUTER, ZMQ_ROUTER}, {ZMQ_XSUB, ZMQ_XPUB},     {ZMQ_XPUB, ZMQ_XSUB}};

// Looks at every pipe that the pattern knows.
void use (HeldSocket &socket)
{
    Msg frame;
    socket.socket ().try_recv (frame);
    frame.reset ();
    socket.socket ().try_send (frame);
    socket.socket ().events ();
    socket.next_call ();
}

std::size_t pipes_of (HeldSocket &socket)
{
    zmq_ext_stats_t stats;
    socket.socket ().fill_stats (stats);
    return stats.peers;
}

}  // namespace

TEST_CASE ("inproc: a connect without memory leaves nothing that is used later")
{
    for (const Pair &pair : pairs) {
        bool failed = true;
        for (int spare = 0; failed; ++spare) {
            CAPTURE (pair.connecting);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            HeldSocket binding (pair.binding), connecting (pair.connecting, binding.context ());
            REQUIRE (binding.socket ().bind_inproc ("inproc://x") == 0);
            connecting.socket ().options.hello_msg = "hello";
            bool refused = false;
            {
                const FailingMemory memory (spare);
                try {
                    connecting.socket ().connect_inproc ("inproc://x");
                } catch (const std::bad_alloc &) {
                    refused = true;
                }
                failed = memory.failed ();
            }
            connecting.next_call ();
            CHECK (pipes_of (connecting) == !refused);
            use (connecting);
            use (binding);
            if (!failed)
                CHECK (pipes_of (binding) == 1);
            connecting.let_go ();
            binding.let_go ();
        }
    }
}

TEST_CASE ("inproc: an end that could not be made when its peer connected is not used later")
{
    for (const Pair &pair : pairs) {
        bool failed = true;
        for (int spare = 0; failed; ++spare) {
            CAPTURE (pair.binding);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            HeldSocket binding (pair.binding), connecting (pair.connecting, binding.context ());
            REQUIRE (binding.socket ().bind_inproc ("inproc://x") == 0);
            REQUIRE (connecting.socket ().connect_inproc ("inproc://x") == 0);
            {
                const FailingMemory memory (spare);
                binding.socket ().run_inbox ();
                failed = memory.failed ();
            }
            binding.next_call ();
            use (connecting);
            use (binding);
            if (!failed)
                CHECK (pipes_of (binding) == 1);
            connecting.let_go ();
            binding.let_go ();
        }
    }
}
