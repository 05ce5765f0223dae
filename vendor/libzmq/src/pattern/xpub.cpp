// XPUB: subscriptions in, fan-out, manual mode; see xpub.hpp.
#include "pattern/xpub.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/subscription_frame.hpp"

namespace engine {

void XpubPattern::attach (Pipe &pipe)
{
    out_.add (pipe);
    if (!welcome_.empty ()) {
        Msg frame;
        if (frame.init_copy (welcome_.data (), welcome_.size ()) == 0)
            pipe.write_unlimited (frame);
    }
    read_activated (pipe);
}

void XpubPattern::detach (Pipe &pipe) noexcept
{
    out_.remove (pipe);
    if (last_ == &pipe)
        last_ = nullptr;
    for (Item &item : pending_)
        if (item.from == &pipe)
            item.from = nullptr;
    asked_for_.remove_pipe (&pipe, [this] (std::string_view topic, bool) {
        if (manual ())
            deliver_change (nullptr, false, topic);
    });
    subscriptions_.remove_pipe (&pipe, [this] (std::string_view topic, bool was_last) {
        if (!manual () && (was_last || all_cancels_))
            deliver_change (nullptr, false, topic);
    });
}

void XpubPattern::read_activated (Pipe &pipe)
{
    Msg frame;
    bool in_message = false;
    bool user_message = false;  // its first frame is no subscription
    while (pipe.read (frame)) {
        const bool first = !in_message;
        const bool subscription = is_subscription (frame);
        in_message = frame.more ();
        if (first)
            user_message = !subscription;
        if (subscription && !(only_first_ && user_message))
            change (pipe, frame, subscribes (frame), topic_of (frame));
        else
            deliver (std::move (frame), &pipe);
    }
}

// A peer subscribes or cancels. `frame` holds the topic and may be taken.
void XpubPattern::change (Pipe &pipe, Msg &frame, bool subscribe, std::string_view topic)
{
    bool tell;
    if (manual ()) {
        if (subscribe)
            asked_for_.add (topic, &pipe);
        else
            asked_for_.remove (topic, &pipe);
        tell = true;
    } else if (subscribe) {
        tell = subscriptions_.add (topic, &pipe) == SubscriptionTrie::Added::first || all_subscribes_;
    } else {
        tell = subscriptions_.remove (topic, &pipe) != SubscriptionTrie::Removed::others_left || all_cancels_;
    }
    if (!tell)
        return;
    if (frame.kind () == Kind::data) {
        frame.set_more (false);
        deliver (std::move (frame), &pipe);
    } else {
        deliver_change (&pipe, subscribe, topic, frame.metadata ());
    }
}

void XpubPattern::deliver_change (Pipe *from, bool subscribe, std::string_view topic, Metadata *metadata)
{
    Msg item;
    if (item.init_size (topic.size () + 1) != 0)
        return;
    item.data ()[0] = subscribe ? 1 : 0;
    if (!topic.empty ())
        std::memcpy (item.data () + 1, topic.data (), topic.size ());
    item.set_metadata (metadata);
    deliver (std::move (item), from);
}

void XpubPattern::deliver (Msg &&item, Pipe *from) { pending_.push_back ({std::move (item), from}); }

// Chooses the pipes for the message that starts with this frame. False: one of them is full and nothing may be dropped.
bool XpubPattern::select (const Msg &frame)
{
    const bool last_only = last_value_ && last_ && manual ();
    if (last_only) {
        if (subscriptions_.matches (frame.view (), last_) != invert_)
            out_.match (*last_);
    } else {
        subscriptions_.match (frame.view (), [this] (Pipe *pipe) { out_.match (*pipe); });
        if (invert_)
            out_.invert ();
    }
    if (no_drop_ && out_.any_full ()) {
        out_.clear ();
        return false;
    }
    if (last_only)
        last_ = nullptr;
    return true;
}

int XpubPattern::send (Msg &frame)
{
    if (!out_.in_message () && !select (frame))
        return EAGAIN;
    out_.send (frame);
    return 0;
}

int XpubPattern::recv (Msg &frame)
{
    if (pending_.empty ())
        return EAGAIN;
    frame = std::move (pending_.front ().frame);
    last_ = pending_.front ().from;
    pending_.pop_front ();
    return 0;
}

int XpubPattern::subscribers (std::string_view topic) const
{
    if (topic.empty ())
        return static_cast<int> (subscriptions_.pipes ());
    std::vector<const Pipe *> found;
    subscriptions_.match (topic, [&found] (const Pipe *pipe) { found.push_back (pipe); });
    std::sort (found.begin (), found.end ());
    const auto count = static_cast<std::uint32_t> (std::unique (found.begin (), found.end ()) - found.begin ());
    return static_cast<int> (invert_ ? out_.size () - count : count);
}

int XpubPattern::change_manually (bool subscribe, const void *topic, std::size_t size)
{
    if (!manual () || (!topic && size > 0))
        return EINVAL;
    if (!last_)
        return 0;
    const std::string_view view (static_cast<const char *> (topic), size);
    if (subscribe)
        subscriptions_.add (view, last_);
    else
        subscriptions_.remove (view, last_);
    return 0;
}

int XpubPattern::set_option (int option, const void *value, std::size_t size)
{
    int error = EINVAL;
    switch (option) {
    case ZMQ_XPUB_VERBOSE:
        if ((error = read_flag (value, size, all_subscribes_)) == 0)
            all_cancels_ = false;
        return error;
    case ZMQ_XPUB_VERBOSER:
        if ((error = read_flag (value, size, all_subscribes_)) == 0)
            all_cancels_ = all_subscribes_;
        return error;
    case ZMQ_XPUB_MANUAL_LAST_VALUE:
        if ((error = read_flag (value, size, manual_)) == 0)
            last_value_ = manual_;
        return error;
    case ZMQ_XPUB_MANUAL:
        return read_flag (value, size, manual_);
    case ZMQ_XPUB_NODROP:
        return read_flag (value, size, no_drop_);
    case ZMQ_ONLY_FIRST_SUBSCRIBE:
        return read_flag (value, size, only_first_);
    case ZMQ_INVERT_MATCHING:
        return read_any_flag (value, size, invert_);
    case ZMQ_XPUB_WELCOME_MSG:
        return read_bytes (value, size, welcome_);
    case ZMQ_SUBSCRIBE:
        return change_manually (true, value, size);
    case ZMQ_UNSUBSCRIBE:
        return change_manually (false, value, size);
    default:
        return EINVAL;
    }
}

int XpubPattern::get_option (int option, void *value, std::size_t *size)
{
    if (option == ZMQ_TOPICS_COUNT)
        return write_int (static_cast<int> (subscriptions_.topics ()), value, size);
    return EINVAL;
}

constinit const SocketType xpub_row = {
  .number = ZMQ_XPUB,
  .name = "XPUB",
  .compatible = peer_types (ZMQ_SUB, ZMQ_XSUB),
  .wants_subscriptions = true,
  .publishes = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<XpubPattern> (host); },
};

}  // namespace engine
