// PING, PONG and their timers; see heartbeat.hpp.
#include "zmtp/heartbeat.hpp"

#include <algorithm>

namespace engine {

namespace {

constexpr std::size_t ttl_size = 2;
constexpr std::size_t largest_context = 16;
constexpr int decisecond = 100;

}  // namespace

int Heartbeat::answer_ping (std::int64_t now, Msg &ping) noexcept
{
    if (settings_.echoes) {
        ping.set_kind (Kind::pong);
        return 0;
    }
    std::uint8_t context[largest_context];
    std::size_t context_size = 0;
    if (ping.size () >= ttl_size) {
        const std::uint8_t *data = ping.data ();
        const std::int64_t ttl = (data[0] << 8 | data[1]) * std::int64_t{decisecond};
        if (ttl > 0 && peer_deadline_ == never)
            peer_deadline_ = now + ttl;
        context_size = std::min (ping.size () - ttl_size, largest_context);
        std::copy_n (data + ttl_size, context_size, context);
    }
    ping.reset ();
    const int error = ping.init_copy (context, context_size);
    ping.set_kind (Kind::pong);
    return error;
}

Heartbeat::Action Heartbeat::poll (std::int64_t now) noexcept
{
    if (now >= pong_deadline_ || now >= peer_deadline_)
        return Action::dead;
    if (now < next_ping_)
        return Action::none;
    // Periodic; intervals that nobody looked at are skipped.
    next_ping_ += settings_.interval;
    if (next_ping_ <= now)
        next_ping_ = now + settings_.interval;
    const int timeout = settings_.timeout < 0 ? settings_.interval : settings_.timeout;
    if (timeout > 0 && pong_deadline_ == never)
        pong_deadline_ = now + timeout;
    return Action::send_ping;
}

std::int64_t Heartbeat::next_deadline () const noexcept { return std::min ({next_ping_, pong_deadline_, peer_deadline_}); }

void Heartbeat::make_ping (Msg &out) const noexcept
{
    const int ttl = std::clamp (settings_.ttl / decisecond, 0, 0xffff);
    const std::uint8_t data[ttl_size] = {static_cast<std::uint8_t> (ttl >> 8), static_cast<std::uint8_t> (ttl)};
    out.reset ();
    if (!settings_.echoes)
        static_cast<void> (out.init_copy (data, sizeof data));  // fits inside: cannot fail
    out.set_kind (Kind::ping);
}

}  // namespace engine
