// plan.cpp - see plan.hpp. Every axis has one line in visit(), which printing and pinning share.
#include "plan.hpp"

#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <type_traits>

#include "library.hpp"
#include "random.hpp"

namespace stress {

namespace {

constexpr const char *transports[] = {"inproc", "tcp", "ipc", "ws"};
constexpr const char *waitings[] = {"block", "timed", "poll", "poll_two", "poller", "fd", "busy"};
constexpr const char *orders[] = {"bind_first", "connect_first", "connect_racing"};

Waiting draw_waiting (Random &random)
{
    // Those that sleep inside the library twice as often; a busy thread keeps its peer awake.
    constexpr Waiting choice[] = {Waiting::block,    Waiting::block,  Waiting::timed, Waiting::poll, Waiting::poll,
                                  Waiting::poll_two, Waiting::poller, Waiting::fd,    Waiting::fd,   Waiting::busy};
    const Waiting waiting = random.pick (choice);
    return waiting == Waiting::poller && !poller_functions () ? Waiting::poll : waiting;
}

// Calls `number (key, value)` or `name (key, value, names, count)` for each axis.
template <class This, class Number, class Name>
void visit (This &plan, Number &&number, Name &&name)
{
    name ("a.read", plan.a_read, waitings, std::size (waitings));
    name ("a.write", plan.a_write, waitings, std::size (waitings));
    name ("b.read", plan.b_read, waitings, std::size (waitings));
    name ("b.write", plan.b_write, waitings, std::size (waitings));
    number ("try_first", plan.try_first);
    number ("hwm", plan.hwm);
    number ("parts", plan.parts);
    number ("size", plan.size);
    number ("burst", plan.burst);
    number ("pause", plan.pause);
    name ("order", plan.order, orders, std::size (orders));
    number ("io_threads", plan.io_threads);
    number ("lend", plan.lend);
    number ("spin", plan.spin);
    number ("attend", plan.attend);
    number ("poller", plan.poller);
}

// Takes the pins over; throws std::runtime_error at one that is none.
void pin (Plan &plan, const Pins &pins)
{
    std::size_t used = 0;
    const auto find = [&] (const char *key) -> const std::string * {
        const auto at = pins.find (key);
        used += at != pins.end ();
        return at == pins.end () ? nullptr : &at->second;
    };
    visit (
      plan,
      [&] (const char *key, auto &value) {
          if (const std::string *const text = find (key)) {
              char *end = nullptr;
              const long wanted = std::strtol (text->c_str (), &end, 10);
              if (text->empty () || *end || wanted < 0 || wanted > 1000000)
                  throw std::runtime_error (std::string (key) + " is a number from 0 to 1000000");
              value = static_cast<std::remove_reference_t<decltype (value)>> (wanted);
          }
      },
      [&] (const char *key, auto &value, const char *const *names, std::size_t count) {
          const std::string *const text = find (key);
          if (!text)
              return;
          for (std::size_t i = 0; i < count; ++i)
              if (*text == names[i]) {
                  value = static_cast<std::remove_reference_t<decltype (value)>> (i);
                  return;
              }
          throw std::runtime_error (*text + " is no value of " + key);
      });
    if (used != pins.size ())
        throw std::runtime_error ("--set: no such axis");
    if (plan.parts < 1 || plan.burst < 1 || plan.io_threads < 1)
        throw std::runtime_error ("parts, burst and io_threads are at least 1");
    if (!poller_functions ())
        for (const Waiting waiting : {plan.a_read, plan.a_write, plan.b_read, plan.b_write})
            if (waiting == Waiting::poller)
                throw std::runtime_error ("this library has no zmq_poller_*");
}

}  // namespace

const char *name_of (Transport transport) noexcept { return transports[static_cast<std::size_t> (transport)]; }

Plan::Plan (std::uint64_t seed_, Transport transport_, int milliseconds_, const Pins &pins)
    : seed (seed_), transport (transport_), milliseconds (milliseconds_)
{
    Random random (seed);
    a_read = draw_waiting (random);
    a_write = draw_waiting (random);
    b_read = draw_waiting (random);
    b_write = draw_waiting (random);
    try_first = random.one_in (2);
    hwm = random.pick ({1, 1, 2, 10, 1000, 0});
    parts = random.pick ({1, 1, 3});
    size = random.pick ({16, 64, 64, 2000, 100000});
    burst = random.pick ({1, 3, 5, 20});
    // Up to the length of a spin, of the batching window, of a lease.
    pause = random.pick ({50, 50, 50, 500, 12000});
    order = random.pick ({Order::bind_first, Order::connect_first, Order::connect_racing});
    io_threads = random.one_in (4) ? 2 : 1;
    spin = random.pick ({0, 5, 50});
    attend = random.one_in (4) ? 0 : 1;
    poller = random.one_in (8) ? 1 : 0;
    lend = random.one_in (4) ? 1 : 0;
    pin (*this, pins);
    for (const auto &[key, value] : pins)
        pinned += " --set " + key + "=" + value;
    if ((transport == Transport::tcp || transport == Transport::ws) && order == Order::connect_first)
        order = Order::bind_first;
}

std::string Plan::text () const
{
    std::string text;
    visit (
      *this, [&] (const char *key, auto value) { text += std::string (key) + "=" + std::to_string (value) + " "; },
      [&] (const char *key, auto value, const char *const *names, std::size_t) {
          text += std::string (key) + "=" + names[static_cast<std::size_t> (value)] + " ";
      });
    text.pop_back ();
    return text;
}

std::string Plan::check (const Pins &pins)
try {
    Plan (0, Transport::inproc, 0, pins);
    return {};
} catch (const std::runtime_error &error) {
    return error.what ();
}

}  // namespace stress
