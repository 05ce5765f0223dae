// DISH: receives the messages of the groups it has joined. RFC 48; zmq_socket(3) "Radio-dish pattern".
//
// Groups bypass the limits of pipes, so that none is lost, and are told again to each new or reconnected RADIO. What arrives is filtered
// again: a RADIO may not have heard yet that a group was left, or not filter at all (over udp none does). Only a message that passes
// counts as readable, so looking for one reads ahead.
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <zmq.h>

#include "pattern/fair_queue.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

// What a connection brings is pairs of frames: a group and a body.
class DishFrameCheck final : public FrameCheck
{
  public:
    bool accept (const Msg &frame) noexcept override
    {
        in_message_ = !in_message_;
        return in_message_ ? frame.more () && frame.size () <= ZMQ_GROUP_MAX_LENGTH : !frame.more ();
    }

  private:
    bool in_message_ = false;  // the group was seen
};

class DishPattern final : public Pattern
{
  public:
    using Pattern::Pattern;

    void attach (Pipe &pipe) override
    {
        in_.add (pipe);
        hiccuped (pipe);
    }
    void detach (Pipe &pipe) noexcept override { in_.remove (pipe); }
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &) override {}
    void hiccuped (Pipe &pipe) override
    {
        for (const std::string &group : groups_)
            tell (pipe, Kind::join, group);
    }
    bool resends_on_reconnect () const noexcept override { return true; }

    int send (Msg &) override { return ENOTSUP; }
    int recv (Msg &frame) override
    {
        if (!has_first_)
            return find (frame);
        frame = std::move (first_);
        has_first_ = false;
        return 0;
    }
    bool has_in () override
    {
        if (!has_first_)
            has_first_ = find (first_) == 0;
        return has_first_;
    }
    bool has_out () override { return true; }  // as libzmq says of it

    int join (const char *group) override
    {
        if (!is_group (group) || !groups_.emplace (group).second)
            return EINVAL;
        return tell_all (Kind::join, group);
    }
    int leave (const char *group) override
    {
        if (!is_group (group))
            return EINVAL;
        const auto found = groups_.find (std::string_view (group));
        if (found == groups_.end ())
            return EINVAL;
        groups_.erase (found);
        return tell_all (Kind::leave, group);
    }

  private:
    static bool is_group (const char *group) noexcept { return group && std::strlen (group) <= ZMQ_GROUP_MAX_LENGTH; }

    static int tell (Pipe &pipe, Kind kind, std::string_view group)
    {
        Msg frame;
        if (const int error = frame.init_copy (group.data (), group.size ()))
            return error;
        frame.set_kind (kind);
        pipe.write_unlimited (frame);
        return 0;
    }

    int tell_all (Kind kind, std::string_view group)
    {
        int error = 0;
        for (std::uint32_t at = 0; at < in_.size (); ++at)
            if (const int failed = tell (in_[at], kind, group))
                error = failed;
        return error;
    }

    // The next message that passes; others are dropped. 0, EAGAIN, or ENOMEM: a message was lost.
    int find (Msg &frame)
    {
        for (;;) {
            Pipe *from = nullptr;
            if (const int error = in_.recv (frame, from))
                return error;
            if (from && from->carries_group) {  // (gone: it was one of frames)
                if (!frame.more () && frame.kind () == Kind::data && groups_.contains (std::string_view (frame.group ())))
                    return 0;
            } else if (frame.more ()) {
                group_ = std::move (frame);
                if (const int error = in_.recv (frame))
                    return error;
                if (!frame.more () && groups_.contains (group_.view ()))
                    return frame.set_group (group_.view ());
            }
            in_.skip_rest ();
            frame.reset ();
        }
    }

    std::set<std::string, std::less<>> groups_;
    FairQueue in_;
    Msg group_;  // of the message that is being looked at
    Msg first_;
    bool has_first_ = false;
};

}  // namespace

constinit const SocketType dish_row = {
  .number = ZMQ_DISH,
  .name = "DISH",
  .compatible = peer_types (ZMQ_RADIO),
  .subscribes = true,
  .receives_only = true,
  .no_linger_by_default = true,
  .thread_safe = true,
  .binds_datagrams = DatagramForm::grouped,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<DishPattern> (host); },
  .make_frame_check = [] () -> std::unique_ptr<FrameCheck> { return std::make_unique<DishFrameCheck> (); },
};

}  // namespace engine
