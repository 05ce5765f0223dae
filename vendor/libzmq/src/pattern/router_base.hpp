// What ROUTER, REP and STREAM share: peers with routing ids, and fair queueing over those whose id is known.
//
// Here are the rules of who gets which id (CONNECT_ROUTING_ID, announced, automatic), of duplicates and of ROUTER_HANDOVER, and the
// options about them. Which frames an application sees is for the patterns themselves.
//
// A dead peer whose last messages are still unread does not block its id: a new connection with the same id gets it at once (in libzmq
// it would be ignored for good).
#pragma once

#include <string>

#include "pattern/fair_queue.hpp"
#include "pattern/pattern.hpp"
#include "pattern/routing_table.hpp"

namespace engine {

class RouterBase : public Pattern
{
  public:
    explicit RouterBase (PatternHost &host) : Pattern (host), table_ (host.random ()) {}

    void attach (Pipe &pipe) override;
    void identified (Pipe &pipe) override;
    void detach (Pipe &pipe) noexcept override;
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &) override {}
    bool is_same_peer (const Pipe &pipe, std::string_view routing_id) const noexcept override;
    bool probes () const noexcept override { return probe_router_; }

    bool has_in () override { return in_body_ || in_.has_in (); }

    int set_option (int option, const void *value, std::size_t size) override;
    int check_connect () override;
    int peer_state (const void *id, std::size_t size, int &events) override;
    std::string_view id_of (const Pipe &pipe) const noexcept override;

  protected:
    // The pipe can be written to no longer: an unfinished message to it is rolled back.
    virtual void lost (Pipe &pipe) = 0;

    // [id] [frame] ...: what a ROUTER or STREAM application receives.
    int recv_with_id (Msg &frame);

    bool mandatory () const noexcept { return mandatory_; }
    bool any_writable ();

    RoutingTable table_;
    FairQueue in_;
    std::string last_id_;  // of the newest peer that we connected to, of the newest at all if we never did

  private:
    void introduce (Peer &peer);
    void begin (Peer &peer);

    Msg first_;  // the first frame of the message whose id frame was received
    bool has_first_ = false;
    bool in_body_ = false;    // an id frame was received, the message is yet to follow
    std::string connect_id_;  // for the next pipe made by connect
    bool has_connected_ = false;
    bool mandatory_ = false;
    bool handover_ = false;
    bool probe_router_ = false;
};

}  // namespace engine
