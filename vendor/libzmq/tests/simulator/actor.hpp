// A context with one socket, and the application that uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.h>

#include "events.hpp"
#include "message.hpp"
#include "random.hpp"

namespace sim {

// What the sockets of a simulation have in common: one (the hub) on one side, one or more on the other.
struct Plan
{
    std::string_view name;
    int hub = 0, spoke = 0;
    bool hub_sends = false, spokes_send = false;
    bool echo = false;   // the hub sends back what it gets
    bool lossy = false;  // what finds no room is lost
    bool grouped = false;
    bool single = false;    // one spoke only
    bool balances = false;  // the hub sends each message to one of them
    int spokes = 1;
    bool hub_binds = true;
    bool websocket = false;
    int mechanism = ZMQ_NULL;
    int send_limit = 1000, receive_limit = 1000;
    int heartbeat = 0;
    int handshake_time = 30000;
    int reconnect = 100, reconnect_most = 0;
    bool immediate = false;
    bool whole_topics = true;  // subscribers want all
    std::size_t largest = 100;
    int most_parts = 1;
    bool monitored = false;
};
// Draws one.
Plan draw_plan (Random &random);

class Actor
{
  public:
    Actor (const Plan &plan, std::uint32_t number, bool hub, Ledger &ledger, Random random);
    ~Actor ();
    Actor (const Actor &) = delete;
    Actor &operator= (const Actor &) = delete;

    // The whole of it: context, socket, options, bind or connect. False: not now.
    bool open (const std::vector<std::uint32_t> &hosts);
    void close (int linger);
    bool is_open () const noexcept { return socket_ != nullptr; }

    // One call, or the few of one message. False: it had nothing to do, or could not.
    bool send ();
    bool receive ();
    // What its monitor has told.
    void read_events ();
    // Answers whoever asks whether a peer may come in. `calm`: everybody may.
    bool answer_zap (bool calm);
    bool sends () const noexcept { return hub_ ? plan_.hub_sends : plan_.spokes_send; }
    bool receives () const noexcept { return !sends () || plan_.echo || both_; }
    bool wants (std::uint32_t number) const noexcept { return plan_.whole_topics || number % 2 == 0; }

    const std::uint32_t host;
    std::uint32_t next = 0;    // how many messages the socket has taken
    std::int64_t sent_at = 0;  // the last

  private:
    bool send_part (zmq_msg_t &part, int flags, bool first);
    void take (zmq_msg_t &first);
    void enter (const Stamp &stamp, int connection);
    int set (int option, int value);
    int set_security (bool server);

    const Plan &plan_;
    const bool hub_;
    const bool both_;
    Ledger &ledger_;
    Random random_;
    void *context_ = nullptr;
    void *socket_ = nullptr;
    void *zap_ = nullptr;  // ZAP's handler, where there has to be one
    Events events_;
    char name_[32];
    std::optional<Stamp> held_;  // by a fault that is put in (IntendedFault)
};

}  // namespace sim
