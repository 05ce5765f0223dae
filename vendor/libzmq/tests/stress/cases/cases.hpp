// cases.hpp - the cases: who talks to whom in which pattern.
// Owns: the table's type and what the files of cases have in common. Leaves to others: the table (table.cpp), transports, waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "end.hpp"
#include "message.hpp"
#include "round.hpp"

namespace stress {

struct Case
{
    const char *name;
    // Makes the sockets and starts the threads.
    std::function<void (Round &)> set_up;
    bool reconnects = false;  // not with inproc, whose connections never come back
    bool shares = false;      // threads share a socket: our engine only
    bool waits = false;       // for whoever binds a name, and outlives the connecting socket: inproc only
};
const std::vector<Case> &table ();

// A stream from each sender to ...
enum class To
{
    all,   // every receiver
    some,  // one of them
    named  // every one in turn, by routing id
};
struct Stream
{
    int sender;  // socket types
    int receiver;
    int senders = 1;
    int receivers = 1;
    To to = To::all;
    bool bursts = false;  // with pauses
    // After each burst the sender makes no call until all has come: what a send left to the background must get there without it.
    bool awaited = false;
};
void set_up_stream (Round &round, const Stream &what);

// Clients that send and await the same back.
struct Echo
{
    int client;
    int server;
    int clients = 1;
    bool delimiter = false;  // the client sends an empty frame first
    int server_envelope = 0;
    bool bursts = false;   // several at a time, with pauses
    bool proxied = false;  // ROUTER and DEALER in between, several servers
};
void set_up_echo (Round &round, const Echo &what);
// Both ends send and receive all the time.
void set_up_duplex (Round &round, int type);
// Senders that come, send a little and go.
void set_up_passing_senders (Round &round, int sender, int receiver);
// Two ends that meet, talk and part, again and again.
void set_up_meetings (Round &round, int type);
// A REP that goes away and comes back, and REQs that ask again.
void set_up_restarting_server (Round &round);
// inproc in any order: senders that come and go while receivers bind and unbind.
void set_up_orders (Round &round, int sender, int receiver);
// Receivers that die while a sender streams, each followed by another.
void set_up_dying_receiver (Round &round, int sender, int receiver);
// How many did in this program's rounds, and what was lost with them; empty: none.
std::string deaths_counted ();
// Several threads that send on one socket, and several that receive on another.
void set_up_shared (Round &round, int sender, int receiver);

// The same beside threads that wait with time-outs, and take what they find or leave it to the others.
void set_up_shared_with_time_outs (Round &round, int sender, int receiver);

// So many microseconds at most, drawn from the actor's numbers: not asleep if they are few.
void pause_a_little (Actor &actor, int most);
// Binds to a name that another socket had, to which others may be slow to give it back. False: the round ends.
bool bind_again (Round &round, Actor &actor, End &end, const std::string &endpoint);
// The next data message of a sender.
Message draw_message (Actor &actor, const Plan &plan, std::uint32_t sender, std::uint32_t number);
// Fewer than a queue holds, so that two ends that both send before they receive do not wait for each other.
std::uint32_t safe_window (const Plan &plan) noexcept;

// Before a sender closes: our engine delivers what it leaves behind, others may lose it where the receiver's queue is full just then, so
// there this waits until `received` says that nothing is on its way.
void wait_received (Round &round, Actor &actor, const std::function<bool ()> &received);

using Ends = std::vector<std::shared_ptr<End>>;
Ends make_ends (Round &round, End::Side side, int type, int count);
std::vector<End *> pointers (const Ends &ends);

}  // namespace stress
