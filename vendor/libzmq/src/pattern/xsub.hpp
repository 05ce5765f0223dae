// XSUB, and what SUB shares with it: own subscriptions, told to every publisher. RFC 29; zmq_socket(3) "Publish-subscribe pattern".
//
// Subscriptions bypass the limits of pipes, so that none is lost, and are told again to each new or reconnected publisher. Other frames
// that an XSUB sends go upstream to all; in a message that mixes both, the subscriptions follow after the message made of the others.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "message/subscription_trie.hpp"
#include "pattern/fair_queue.hpp"
#include "pattern/fan_out.hpp"
#include "pattern/pattern.hpp"

namespace engine {

class XsubPattern : public Pattern
{
  public:
    explicit XsubPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override;
    void detach (Pipe &pipe) noexcept override;
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }
    void hiccuped (Pipe &pipe) override;
    bool resends_on_reconnect () const noexcept override { return true; }

    int send (Msg &frame) override;
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return true; }

    int set_option (int option, const void *value, std::size_t size) override;
    int get_option (int option, void *value, std::size_t *size) override;

  protected:
    // 0 or ENOMEM.
    int subscribe (std::string_view topic);
    int unsubscribe (std::string_view topic);

    CountedTopics topics_;
    FairQueue in_;

  private:
    void send_topics (Pipe &pipe);
    int tell_all (Kind kind, std::string_view topic);
    void send_user_frame (Msg &frame);
    void pass_on (Msg &frame);

    FanOut out_;
    Msg held_;  // a user frame with MORE, until it is known what follows
    bool has_held_ = false;
    bool sending_ = false;                                // between the first and the last frame of a message
    bool user_message_ = false;                           // its first frame is no subscription
    std::vector<std::pair<bool, std::string>> deferred_;  // (subscribe?, topic)
    bool only_first_ = false;
    bool verbose_unsubscribe_ = false;
};

}  // namespace engine
