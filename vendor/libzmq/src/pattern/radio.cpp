// RADIO: each message to all who have joined its group, never waiting for one of them. RFC 48; zmq_socket(3) "Radio-dish pattern".
//
// A group is a name of 0 to 255 bytes without a zero among them, and matches itself only. A pipe that carries the group with the message
// (inproc, udp) gets it so; the others get two frames, the group and the body, which the DISH at the other end puts together again.
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.h>

#include "base/option_value.hpp"
#include "message/subscription_trie.hpp"
#include "pattern/fan_out.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class RadioPattern final : public Pattern
{
  public:
    explicit RadioPattern (PatternHost &host) : Pattern (host), whole_ (host), framed_ (host) {}

    void attach (Pipe &pipe) override
    {
        if (pipe.takes_all_groups)
            unfiltered_.push_back (&pipe);
        out (pipe).add (pipe);
        read_activated (pipe);
    }
    void detach (Pipe &pipe) noexcept override
    {
        std::erase (unfiltered_, &pipe);
        out (pipe).remove (pipe);
        groups_.remove_pipe (&pipe, [] (std::string_view, bool) {});
    }
    void read_activated (Pipe &pipe) override
    {
        for (Msg frame; pipe.read (frame);)
            if (frame.kind () == Kind::join || frame.kind () == Kind::leave)
                change (pipe, frame);
    }
    void write_activated (Pipe &pipe) override { out (pipe).activate (pipe); }

    int send (Msg &frame) override
    {
        if (frame.more ())
            return EINVAL;
        const char *const group = frame.group ();
        const std::size_t size = std::strlen (group);
        Msg first, copy;
        if (const int error = first.init_copy (group, size))
            return error;
        if (whole_.size () > 0)
            if (const int error = copy.copy_from (frame))
                return error;
        // With the zero at its end no other group begins with it.
        groups_.match ({group, size + 1}, [this] (Pipe *pipe) { out (*pipe).match (*pipe); });
        for (Pipe *const pipe : unfiltered_)
            out (*pipe).match (*pipe);
        if (no_drop_ && (whole_.any_full () || framed_.any_full ())) {
            whole_.clear ();
            framed_.clear ();
            return EAGAIN;
        }
        first.set_more (true);
        framed_.send (first);
        framed_.send (frame);
        whole_.send (copy);
        return 0;
    }
    int recv (Msg &) override { return ENOTSUP; }
    bool has_in () override { return false; }
    bool has_out () override { return true; }

    int set_option (int option, const void *value, std::size_t size) override
    {
        return option == ZMQ_XPUB_NODROP ? read_flag (value, size, no_drop_) : EINVAL;
    }

  private:
    FanOut &out (const Pipe &pipe) noexcept { return pipe.carries_group ? whole_ : framed_; }

    void change (Pipe &pipe, const Msg &frame)
    {
        if (frame.size () > ZMQ_GROUP_MAX_LENGTH)
            return;
        std::string group (frame.view ());
        if (group.find ('\0') != group.npos)
            return;
        group.push_back ('\0');
        if (frame.kind () == Kind::join)
            groups_.add (group, &pipe);
        else
            groups_.remove (group, &pipe);
    }

    SubscriptionTrie groups_;  // each with a zero at its end
    FanOut whole_;
    FanOut framed_;
    std::vector<Pipe *> unfiltered_;  // udp
    bool no_drop_ = false;
};

}  // namespace

constinit const SocketType radio_row = {
  .number = ZMQ_RADIO,
  .name = "RADIO",
  .compatible = peer_types (ZMQ_DISH),
  .wants_groups = true,
  .publishes = true,
  .thread_safe = true,
  .single_frames = true,
  .connects_datagrams = DatagramForm::grouped,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<RadioPattern> (host); },
};

}  // namespace engine
