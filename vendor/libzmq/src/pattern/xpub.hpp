// XPUB, and what PUB shares with it: subscriptions by peer, fan-out by prefix. RFC 29; zmq_socket(3) "Publish-subscribe pattern".
//
// What peers send is taken in as soon as it is there: subscriptions and cancels, as commands or as messages starting with 01 or 00, change
// the table; those the application shall see, and other messages of XSUB peers, are queued for recv.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "message/subscription_trie.hpp"
#include "pattern/fan_out.hpp"
#include "pattern/pattern.hpp"

namespace engine {

class XpubPattern : public Pattern
{
  public:
    explicit XpubPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override;
    void detach (Pipe &pipe) noexcept override;
    void read_activated (Pipe &pipe) override;
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }

    int send (Msg &frame) override;
    int recv (Msg &frame) override;
    bool has_in () override { return !pending_.empty (); }
    bool has_out () override { return true; }

    int set_option (int option, const void *value, std::size_t size) override;
    int get_option (int option, void *value, std::size_t *size) override;
    int subscribers (std::string_view topic) const override;

  protected:
    // Something for the application to receive. PUB has no use for it.
    virtual void deliver (Msg &&item, Pipe *from);
    // True if subscriptions wait for the application's word (ZMQ_XPUB_MANUAL).
    virtual bool manual () const noexcept { return manual_; }

  private:
    struct Item
    {
        Msg frame;
        Pipe *from;  // null: gone
    };

    bool select (const Msg &frame);
    void change (Pipe &pipe, Msg &frame, bool subscribe, std::string_view topic);
    int change_manually (bool subscribe, const void *topic, std::size_t size);
    void deliver_change (Pipe *from, bool subscribe, std::string_view topic, Metadata *metadata = nullptr);

    SubscriptionTrie subscriptions_;
    FanOut out_;
    SubscriptionTrie asked_for_;  // what peers asked for while in manual mode
    std::deque<Item> pending_;
    Pipe *last_ = nullptr;  // the peer whose item was received last
    std::string welcome_;
    bool all_subscribes_ = false;
    bool all_cancels_ = false;
    bool manual_ = false;
    bool last_value_ = false;  // in manual mode: the next message goes to last_ only
    bool no_drop_ = false;
    bool only_first_ = false;
    bool invert_ = false;
};

}  // namespace engine
