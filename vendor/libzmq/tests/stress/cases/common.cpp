// common.cpp - what the cases have in common; see cases.hpp.
#include <algorithm>
#include <chrono>
#include <thread>

#include "cases.hpp"
#include "library.hpp"

namespace stress {

void pause_a_little (Actor &actor, int most)
{
    using Clock = std::chrono::steady_clock;
    const auto length = std::chrono::microseconds (actor.random.below (static_cast<std::uint32_t> (most) + 1));
    if (length > std::chrono::microseconds (300)) {
        std::this_thread::sleep_for (length);
        return;
    }
    for (const auto end = Clock::now () + length; Clock::now () < end;) {
    }
}

Message draw_message (Actor &actor, const Plan &plan, std::uint32_t sender, std::uint32_t number)
{
    Message message;
    message.sender = sender;
    message.number = number;
    draw_parts (message, actor.random, plan.parts, plan.size);
    return message;
}

std::uint32_t safe_window (const Plan &plan) noexcept
{
    const auto burst = static_cast<std::uint32_t> (plan.burst);
    return plan.hwm == 0 ? burst : std::clamp<std::uint32_t> (static_cast<std::uint32_t> (plan.hwm) / 2, 1, burst);
}

bool bind_again (Round &round, Actor &actor, End &end, const std::string &endpoint)
{
    actor.doing = "binding again";
    while (zmq_bind (end.socket (), endpoint.c_str ()) != 0) {
        if (zmq_errno () == ETERM || round.ending ())
            return false;
        if (zmq_errno () != EADDRINUSE)
            throw Failure (std::string ("zmq_bind: ") + zmq_strerror (zmq_errno ()));
        pause_a_little (actor, 1000);
    }
    return true;
}

void wait_received (Round &round, Actor &actor, const std::function<bool ()> &received)
{
    actor.doing = "waiting for the receivers";
    while (!ours () && !round.ending () && !received ())
        std::this_thread::sleep_for (std::chrono::microseconds (200));
}

Ends make_ends (Round &round, End::Side side, int type, int count)
{
    Ends ends;
    for (int i = 0; i < count; ++i)
        ends.push_back (std::make_shared<End> (round, side, type));
    return ends;
}

std::vector<End *> pointers (const Ends &ends)
{
    std::vector<End *> result;
    for (const auto &end : ends)
        result.push_back (end.get ());
    return result;
}

}  // namespace stress
