// The mailbox alone: order, refusal, and what happens when there is no memory for a command.
#include "strand/mailbox.hpp"

#include <doctest/doctest.h>

#include "controlled_memory.hpp"

using namespace engine;
using Delivery = Mailbox::Delivery;

namespace {

constexpr Command command (std::uint64_t number) { return {Command::What::attach, 1, number, nullptr}; }

}  // namespace

TEST_CASE ("mailbox: shut, it refuses and keeps nothing")
{
    Mailbox mailbox;
    std::vector<Command> taken;
    CHECK (mailbox.deliver (command (1)) == Delivery::shut);
    CHECK_FALSE (mailbox.pending ());
    mailbox.open ();
    CHECK (mailbox.deliver (command (2)) == Delivery::done);
    mailbox.shut (taken);
    REQUIRE (taken.size () == 1);
    CHECK (taken[0].binding == 2);
    CHECK (mailbox.deliver (command (3)) == Delivery::shut);
    CHECK_FALSE (mailbox.take (taken));
    CHECK (taken.empty ());
}

TEST_CASE ("mailbox: a command for which there was no memory is made known once, also when nothing else came")
{
    Mailbox mailbox;
    mailbox.open ();
    {
        const FailingMemory memory (0);
        CHECK (mailbox.deliver (command (1)) == Delivery::no_memory);
    }
    CHECK (mailbox.pending ());
    std::vector<Command> taken;
    CHECK (mailbox.take (taken));
    CHECK (taken.empty ());
    CHECK_FALSE (mailbox.pending ());
    CHECK_FALSE (mailbox.take (taken));
    // Who shuts it wants no news any more.
    {
        const FailingMemory memory (0);
        CHECK (mailbox.deliver (command (2)) == Delivery::no_memory);
    }
    mailbox.shut (taken);
    CHECK_FALSE (mailbox.take (taken));
}
