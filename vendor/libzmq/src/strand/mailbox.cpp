#include "strand/mailbox.hpp"

#include <utility>

namespace engine {

Mailbox::Delivery Mailbox::deliver (const Command &command) noexcept
{
    if (shut_)
        return Delivery::shut;
    Delivery delivery = Delivery::done;
    try {
        commands_.push_back (command);
    } catch (...) {
        delivery = Delivery::no_memory;
        missed_ = true;
    }
    pending_.store (true, std::memory_order_release);
    return delivery;
}

bool Mailbox::take (std::vector<Command> &out) noexcept
{
    out.clear ();
    std::swap (out, commands_);
    pending_.store (false, std::memory_order_relaxed);
    return std::exchange (missed_, false);
}

void Mailbox::shut (std::vector<Command> &left) noexcept
{
    take (left);
    shut_ = true;
}

}  // namespace engine
