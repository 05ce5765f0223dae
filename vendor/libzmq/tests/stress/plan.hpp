// plan.hpp - what one round of a case is to be like: everything that a case leaves open, drawn from the round's seed.
// Owns: the axes, drawing them, pinning them by hand, printing them. Leaves to others: doing it (round.hpp, link.hpp, cases/).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace stress {

enum class Transport : std::uint8_t
{
    inproc,
    tcp,
    ipc,
    ws
};
const char *name_of (Transport transport) noexcept;

// How a thread waits until a socket can be read or written.
enum class Waiting : std::uint8_t
{
    block,     // zmq_msg_recv, zmq_msg_send
    timed,     // the same with ZMQ_RCVTIMEO, ZMQ_SNDTIMEO
    poll,      // zmq_poll without time limit, then DONTWAIT
    poll_two,  // likewise, with another socket that never becomes ready
    poller,    // zmq_poller_wait, where the library exports it
    fd,        // poll(2) on ZMQ_FD, edge-triggered: only when ZMQ_EVENTS says no
    busy       // DONTWAIT and sched_yield
};

// Who does what in the order of a connection's beginning.
enum class Order : std::uint8_t
{
    bind_first,
    connect_first,   // inproc and ipc; tcp has no port to connect to yet
    connect_racing,  // the connecting thread does it when the others are at work
};

// What may be fixed by hand: `key=value`, as printed.
using Pins = std::map<std::string, std::string>;

struct Plan
{
    std::uint64_t seed = 0;
    Transport transport = Transport::inproc;
    int milliseconds = 0;  // how long new messages are made

    // Side a: senders, clients. Side b: receivers, servers.
    Waiting a_read, a_write, b_read, b_write;
    bool try_first = false;  // DONTWAIT before any waiting
    int hwm = 0;             // both options of all sockets
    int parts = 0;           // at most, a message
    int size = 0;            // bytes a part, at most
    int burst = 0;           // messages between two pauses, at most
    int pause = 0;           // microseconds, at most
    Order order = Order::bind_first;
    int io_threads = 0;
    int lend = 0;  // messages are lent (zmq_msg_init_data), with a free function that locks what the sender holds
    // Our engine's context options; others know none of them.
    int spin = 0;  // microseconds
    int attend = 0;
    int poller = 0;

    // Draws all axes from the seed, then puts what is pinned in their place.
    Plan (std::uint64_t seed, Transport transport, int milliseconds, const Pins &pins);
    // The options that pinned what is pinned.
    std::string pinned;
    // `key=value` for each axis.
    std::string text () const;
    // Why these pins make no sense; empty: they do.
    static std::string check (const Pins &pins);
};

}  // namespace stress
