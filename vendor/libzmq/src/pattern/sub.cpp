// SUB: receives what it is subscribed to and sends nothing but subscriptions. RFC 29; zmq_socket(3) "Publish-subscribe pattern".
//
// Filters again what arrives: a publisher may not have heard of a cancel yet, or not filter at all. Only a message that passes counts as
// readable, so looking for one reads the first frame ahead.
#include <cerrno>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/xsub.hpp"

namespace engine {
namespace {

class SubPattern final : public XsubPattern
{
  public:
    using XsubPattern::XsubPattern;

    int send (Msg &) override { return ENOTSUP; }
    bool has_out () override { return false; }

    int recv (Msg &frame) override
    {
        if (has_first_) {
            frame = std::move (first_);
            has_first_ = false;
            return 0;
        }
        return in_.in_message () ? in_.recv (frame) : find (frame);
    }

    bool has_in () override
    {
        if (!has_first_ && !in_.in_message ())
            has_first_ = find (first_) == 0;
        return has_first_ || in_.in_message ();
    }

    int set_option (int option, const void *value, std::size_t size) override
    {
        if (option == ZMQ_INVERT_MATCHING)
            return read_any_flag (value, size, invert_);
        if ((option != ZMQ_SUBSCRIBE && option != ZMQ_UNSUBSCRIBE) || (!value && size > 0))
            return EINVAL;
        const std::string_view topic (static_cast<const char *> (value), size);
        return option == ZMQ_SUBSCRIBE ? subscribe (topic) : unsubscribe (topic);
    }

  private:
    // The first frame of the next message that passes; others are dropped.
    int find (Msg &frame)
    {
        for (;;) {
            if (const int error = in_.recv (frame))
                return error;
            if (topics_.matches (frame.view ()) != invert_) [[likely]]
                return 0;
            in_.skip_rest ();
        }
    }

    Msg first_;
    bool has_first_ = false;
    bool invert_ = false;
};

}  // namespace

constinit const SocketType sub_row = {
  .number = ZMQ_SUB,
  .name = "SUB",
  .compatible = peer_types (ZMQ_PUB, ZMQ_XPUB),
  .subscribes = true,
  .receives_only = true,
  .no_linger_by_default = true,
  .conflatable = true,
  .connects_once = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<SubPattern> (host); },
};

}  // namespace engine
