// Joining two sockets by inproc when memory runs out: an end that could not be made is not used, and the next try goes as ever.
#include <cerrno>
#include <new>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"

using namespace held;

namespace {

const std::string endpoint = "inproc://a-name-that-needs-memory-of-its-own";

struct Pair
{
    int connecting;
    int binding;
};
constexpr Pair pairs[] = {{ZMQ_PAIR, ZMQ_PAIR}, {ZMQ_PUSH, ZMQ_PULL},     {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_DEALER, ZMQ_ROUTER},
                          {ZMQ_REQ, ZMQ_REP},   {ZMQ_ROUTER, ZMQ_ROUTER}, {ZMQ_XSUB, ZMQ_XPUB},     {ZMQ_XPUB, ZMQ_XSUB},
                          {ZMQ_PEER, ZMQ_PEER}, {ZMQ_DISH, ZMQ_RADIO},    {ZMQ_CLIENT, ZMQ_SERVER}};

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
            binding.socket ().options.hello_msg = std::string (100, 'h');
            REQUIRE (binding.socket ().bind_inproc (endpoint) == 0);
            connecting.socket ().options.hello_msg = "hello";
            connecting.socket ().options.routing_id = std::string (100, 'i');
            bool refused = false;
            {
                const FailingMemory memory (spare);
                try {
                    connecting.socket ().connect_inproc (endpoint);
                } catch (const std::bad_alloc &) {
                    refused = true;
                }
                failed = memory.failed ();
            }
            connecting.next_call ();
            CHECK (pipes_of (connecting) == !refused);
            use (connecting);
            use (binding);
            if (!refused)
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
            REQUIRE (binding.socket ().bind_inproc (endpoint) == 0);
            REQUIRE (connecting.socket ().connect_inproc (endpoint) == 0);
            {
                const FailingMemory memory (spare);
                binding.socket ().run_mailbox ();
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

TEST_CASE ("inproc: a bind without memory changes nothing, and those who wait for the name wait on")
{
    bool failed = true;
    for (int spare = 0; failed; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket binding (ZMQ_PULL), connecting (ZMQ_PUSH, binding.context ());
        binding.socket ().options.routing_id = std::string (100, 'i');
        REQUIRE (connecting.socket ().connect_inproc (endpoint) == 0);
        REQUIRE (connecting.send ("waiting") == 0);
        int error = 0;
        {
            const FailingMemory memory (spare);
            try {
                error = binding.socket ().bind_inproc (endpoint);
            } catch (const std::bad_alloc &) {
                error = ENOMEM;
            }
            failed = memory.failed ();
        }
        CHECK ((error == 0 || (failed && error == ENOMEM)));
        if (error) {
            CHECK (binding.socket ().end_endpoint (endpoint, std::string ()) == ENOENT);
            REQUIRE (binding.socket ().bind_inproc (endpoint) == 0);
        }
        if (error || !failed) {
            CHECK (binding.recv () == Frames{"waiting"});
            use (connecting);
            CHECK (pipes_of (connecting) == 1);
        }
        connecting.let_go ();
        binding.let_go ();
    }
}

TEST_CASE ("inproc: a reader hears of a message although there was no memory to say whose it is")
{
    HeldSocket binding (ZMQ_PULL), connecting (ZMQ_PUSH, binding.context ());
    REQUIRE (binding.socket ().bind_inproc (endpoint) == 0);
    REQUIRE (connecting.socket ().connect_inproc (endpoint) == 0);
    for (int spare = 0; spare < 10; ++spare) {
        CAPTURE (spare);
        CHECK (binding.recv ().empty ());
        int error = 0;
        {
            const FailingMemory memory (spare);
            Msg frame;
            error = connecting.socket ().try_send (frame);
        }
        CHECK ((error == 0 || error == ENOMEM));
        CHECK (binding.recv ().size () == (error ? 0 : 1));
    }
}
