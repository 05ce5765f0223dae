// XSUB: telling subscriptions, user messages upstream; see xsub.hpp.
#include "pattern/xsub.hpp"

#include <cerrno>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/subscription_frame.hpp"

namespace engine {

void XsubPattern::attach (Pipe &pipe)
{
    in_.add (pipe);
    out_.add (pipe);
    send_topics (pipe);
}

void XsubPattern::detach (Pipe &pipe) noexcept
{
    in_.remove (pipe);
    out_.remove (pipe);
}

void XsubPattern::hiccuped (Pipe &pipe)
{
    out_.unmatch (pipe);
    send_topics (pipe);
}

void XsubPattern::send_topics (Pipe &pipe)
{
    topics_.for_each ([&pipe] (std::string_view topic, std::size_t) {
        Msg frame;
        if (frame.init_copy (topic.data (), topic.size ()) != 0)
            return;
        frame.set_kind (Kind::subscribe);
        pipe.write_unlimited (frame);
    });
}

int XsubPattern::tell_all (Kind kind, std::string_view topic)
{
    Msg frame;
    if (const int error = frame.init_copy (topic.data (), topic.size ()))
        return error;
    frame.set_kind (kind);
    for (std::uint32_t at = 0; at < out_.size (); ++at) {
        Msg copy;
        if (const int error = copy.copy_from (frame))
            return error;
        out_[at].write_unlimited (copy);
    }
    return 0;
}

int XsubPattern::subscribe (std::string_view topic)
{
    topics_.add (topic);
    return tell_all (Kind::subscribe, topic);
}

int XsubPattern::unsubscribe (std::string_view topic)
{
    const bool last = topics_.remove (topic) == CountedTopics::Removed::last;
    return last || verbose_unsubscribe_ ? tell_all (Kind::cancel, topic) : 0;
}

int XsubPattern::send (Msg &frame)
{
    const bool more = frame.more ();
    const bool subscription = is_subscription (frame);
    if (!sending_)
        user_message_ = !subscription;
    sending_ = more;

    int error = 0;
    if (!subscription || (only_first_ && user_message_)) {
        send_user_frame (frame);
    } else if (has_held_) {
        deferred_.emplace_back (subscribes (frame), topic_of (frame));
    } else {
        error = subscribes (frame) ? subscribe (topic_of (frame)) : unsubscribe (topic_of (frame));
    }
    frame.reset ();
    if (!more) {
        if (has_held_) {
            held_.set_more (false);
            pass_on (held_);
            has_held_ = false;
        }
        for (const auto &[is_subscribe, topic] : std::exchange (deferred_, {}))
            error = is_subscribe ? subscribe (topic) : unsubscribe (topic);
    }
    return error;
}

void XsubPattern::send_user_frame (Msg &frame)
{
    if (has_held_)
        pass_on (held_);
    has_held_ = frame.more ();
    if (has_held_)
        held_ = std::move (frame);
    else
        pass_on (frame);
}

void XsubPattern::pass_on (Msg &frame)
{
    if (!out_.in_message ())
        out_.match_all ();
    out_.send (frame);
}

int XsubPattern::set_option (int option, const void *value, std::size_t size)
{
    switch (option) {
    case ZMQ_ONLY_FIRST_SUBSCRIBE:
        return read_flag (value, size, only_first_);
    case ZMQ_XSUB_VERBOSE_UNSUBSCRIBE:
        return read_any_flag (value, size, verbose_unsubscribe_);
    default:
        return EINVAL;
    }
}

int XsubPattern::get_option (int option, void *value, std::size_t *size)
{
    if (option == ZMQ_TOPICS_COUNT)
        return write_int (static_cast<int> (topics_.topics ()), value, size);
    return EINVAL;
}

constinit const SocketType xsub_row = {
  .number = ZMQ_XSUB,
  .name = "XSUB",
  .compatible = peer_types (ZMQ_PUB, ZMQ_XPUB),
  .subscribes = true,
  .no_linger_by_default = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<XsubPattern> (host); },
};

}  // namespace engine
