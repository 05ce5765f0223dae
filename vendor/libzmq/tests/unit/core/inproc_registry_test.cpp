// Names of inproc: who is bound, who waits, and what becomes of the waiting.
#include "core/inproc_registry.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "core/held_socket.hpp"
#include "core/inproc.hpp"

using namespace held;

namespace {

InprocRegistry::Binding binding_of (HeldSocket &socket, std::uint64_t id = InprocRegistry::next_id ())
{
    InprocRegistry::Binding binding;
    binding.strand = &socket.strand ();
    binding.id = id;
    binding.send_limit = 3;
    binding.receive_limit = 4;
    binding.routing_id = "bound";
    return binding;
}

}  // namespace

TEST_CASE ("inproc registry: a name belongs to one binding at a time")
{
    InprocRegistry registry;
    HeldSocket socket (ZMQ_PAIR);
    std::vector<InprocChannel *> waiting;
    const std::uint64_t id = InprocRegistry::next_id ();
    CHECK (registry.bind ("n", binding_of (socket, id), waiting) == 0);
    CHECK (registry.bind ("n", binding_of (socket), waiting) == EADDRINUSE);
    CHECK (registry.bind ("other", binding_of (socket), waiting) == 0);
    CHECK_FALSE (registry.unbind ("n", id + 1000));
    CHECK_FALSE (registry.unbind ("nobody's", id));
    CHECK (registry.unbind ("n", id));
    CHECK_FALSE (registry.unbind ("n", id));
    CHECK (registry.bind ("n", binding_of (socket), waiting) == 0);
    CHECK (registry.bind ("other", binding_of (socket), waiting) == EADDRINUSE);
    CHECK (waiting.empty ());
}

TEST_CASE ("inproc registry: a connect to a bound name is joined and delivered")
{
    InprocRegistry registry;
    HeldSocket socket (ZMQ_PAIR);
    std::vector<InprocChannel *> waiting;
    REQUIRE (registry.bind ("n", binding_of (socket, 77), waiting) == 0);
    InprocChannel *const channel = new InprocChannel;
    CHECK (registry.connect ("n", *channel));
    CHECK (channel->side[1].known);
    CHECK (channel->side[1].strand == &socket.strand ());
    CHECK (channel->side[1].send_limit == 3);
    CHECK (channel->side[1].receive_limit == 4);
    CHECK (channel->side[1].routing_id == "bound");
    std::vector<Command> commands;
    socket.strand ().doorbell.take (commands);
    REQUIRE (commands.size () == 1);
    CHECK (commands[0].what == Command::What::attach);
    CHECK (commands[0].side == 1);
    CHECK (commands[0].binding == 77);
    CHECK (commands[0].channel == channel);
    channel->release ();
    channel->release ();
}

TEST_CASE ("inproc registry: who connects first waits, in order, and is handed to whoever binds")
{
    InprocRegistry registry;
    HeldSocket socket (ZMQ_PAIR);
    std::vector<InprocChannel *> channels, waiting;
    for (int i = 0; i < 3; ++i) {
        channels.push_back (new InprocChannel);
        CHECK_FALSE (registry.connect (i == 2 ? "other" : "n", *channels.back ()));
        CHECK_FALSE (channels.back ()->side[1].known);
    }
    REQUIRE (registry.bind ("n", binding_of (socket), waiting) == 0);
    REQUIRE (waiting.size () == 2);
    for (InprocChannel *channel : waiting) {
        CHECK (channel->side[1].strand == &socket.strand ());
        channel->release ();
    }
    CHECK_FALSE (channels[2]->side[1].known);
    for (InprocChannel *channel : channels)
        channel->release ();  // "other" still waits: the registry's own reference goes with it
}

TEST_CASE ("inproc registry: who stops waiting is not handed over")
{
    InprocRegistry registry;
    HeldSocket socket (ZMQ_PAIR);
    InprocChannel *const gone = new InprocChannel, *const stays = new InprocChannel;
    registry.connect ("n", *gone);
    registry.connect ("n", *stays);
    registry.forget ("other", *gone);
    registry.forget ("n", *gone);
    registry.forget ("n", *gone);
    std::vector<InprocChannel *> waiting;
    REQUIRE (registry.bind ("n", binding_of (socket), waiting) == 0);
    CHECK (waiting == std::vector<InprocChannel *>{stays});
    stays->release ();
    stays->release ();
    gone->release ();
}

TEST_CASE ("inproc registry: a binding that is being closed counts as none")
{
    InprocRegistry registry;
    HeldSocket closing (ZMQ_PAIR), next (ZMQ_PAIR);
    std::vector<InprocChannel *> waiting;
    const std::uint64_t id = InprocRegistry::next_id ();
    REQUIRE (registry.bind ("n", binding_of (closing, id), waiting) == 0);
    std::vector<Command> left;
    closing.strand ().doorbell.shut (left);
    InprocChannel *const channel = new InprocChannel;
    CHECK_FALSE (registry.connect ("n", *channel));
    CHECK_FALSE (channel->side[1].known);
    CHECK (channel->side[1].strand == nullptr);
    REQUIRE (registry.unbind ("n", id));
    REQUIRE (registry.bind ("n", binding_of (next), waiting) == 0);
    CHECK (waiting == std::vector<InprocChannel *>{channel});
    CHECK (channel->side[1].strand == &next.strand ());
    channel->release ();
    channel->release ();
}

TEST_CASE ("inproc registry: what a bound one says to who connects is there at once, and not a closing one's")
{
    InprocRegistry registry;
    HeldSocket closing (ZMQ_DEALER), next (ZMQ_DEALER);
    for (const bool conflate : {false, true}) {
        CAPTURE (conflate);
        const auto read = [conflate] (InprocChannel &channel) {
            Msg message;
            if (!(conflate ? channel.direction[1].newest.take (message) : channel.direction[1].queue.pop (message)))
                return std::string ("nothing");
            return std::string (message.view ());
        };
        std::vector<InprocChannel *> waiting;
        InprocRegistry::Binding binding = binding_of (next);
        binding.hello = "hello";
        REQUIRE (registry.bind (conflate ? "conflating" : "n", binding, waiting) == 0);
        InprocChannel *const channel = new InprocChannel;
        channel->conflate = conflate;
        CHECK (registry.connect (conflate ? "conflating" : "n", *channel));
        CHECK (channel->greeting == InprocChannel::Greeting::said);
        CHECK (read (*channel) == "hello");
        std::vector<Command> commands;
        next.strand ().doorbell.take (commands);
        CHECK (commands.size () == 1);
        channel->release ();
        channel->release ();
    }
    std::vector<Command> left;
    closing.strand ().doorbell.shut (left);
    for (const bool conflate : {false, true}) {
        CAPTURE (conflate);
        std::vector<InprocChannel *> waiting;
        InprocRegistry::Binding binding = binding_of (closing);
        binding.hello = "hello";
        const std::string name = conflate ? "closing, conflating" : "closing";
        REQUIRE (registry.bind (name, binding, waiting) == 0);
        InprocChannel *const channel = new InprocChannel;
        channel->conflate = conflate;
        CHECK_FALSE (registry.connect (name, *channel));
        CHECK (channel->greeting == InprocChannel::Greeting::due);
        CHECK (channel->direction[1].empty ());
        channel->release ();
    }
}
