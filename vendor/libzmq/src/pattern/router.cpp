// ROUTER: to a peer by routing id, from the peers in turn with their id in front. RFC 28; zmq_socket(3) "Request-reply pattern".
//
// With ROUTER_RAW the peers speak no ZMTP: a message is [id][bytes], and an empty second frame closes the connection.
#include <cerrno>
#include <utility>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/router_base.hpp"

namespace engine {
namespace {

class RouterPattern final : public RouterBase
{
  public:
    using RouterBase::RouterBase;

    int send (Msg &frame) override
    {
        if (!in_message_)
            return send_id (frame);
        if (raw_)
            return send_chunk (frame);
        const bool more = frame.more ();
        if (to_ && !to_->write (frame)) [[unlikely]]
            lost (*to_);
        if (!to_)
            frame.reset ();
        in_message_ = more;
        if (!more)
            to_ = nullptr;
        return 0;
    }

    int recv (Msg &frame) override { return recv_with_id (frame); }
    bool has_out () override { return in_message_ || !mandatory () || any_writable (); }
    bool raw () const noexcept override { return raw_; }

    int set_option (int option, const void *value, std::size_t size) override
    {
        if (option != ZMQ_ROUTER_RAW)
            return RouterBase::set_option (option, value, size);
        bool raw = false;
        const int error = read_flag (value, size, raw);
        raw_ = raw_ || raw;  // there is no way back
        return error;
    }

  protected:
    void lost (Pipe &pipe) override
    {
        if (to_ == &pipe) {
            pipe.rollback ();
            to_ = nullptr;
            host_.count_dropped (Drop::lost);
        }
    }

  private:
    int send_id (Msg &frame)
    {
        if (!frame.more ()) {
            frame.reset ();
            return 0;
        }
        Peer *peer = table_.find (frame.view ());
        if (peer && peer->pipe.closing ())
            peer = nullptr;
        if (peer && peer->pipe.writable ()) [[likely]]
            to_ = &peer->pipe;
        else if (mandatory ())
            return peer ? EAGAIN : EHOSTUNREACH;
        else
            host_.count_dropped (peer ? Drop::full : Drop::unroutable);
        in_message_ = true;
        frame.reset ();
        return 0;
    }

    int send_chunk (Msg &frame)
    {
        Pipe *to = std::exchange (to_, nullptr);
        in_message_ = false;
        frame.set_more (false);
        if (to && frame.size () == 0)
            to->finish ();
        else if (to && !to->write (frame))
            host_.count_dropped (Drop::full);
        frame.reset ();
        return 0;
    }

    Pipe *to_ = nullptr;       // of the message being sent; null: it is dropped
    bool in_message_ = false;  // the id frame was sent
    bool raw_ = false;
};

}  // namespace

constinit const SocketType router_row = {
  .number = ZMQ_ROUTER,
  .name = "ROUTER",
  .compatible = peer_types (ZMQ_REQ, ZMQ_DEALER, ZMQ_ROUTER),
  .sends_identity = true,
  .wants_peer_routing_id = true,
  .answers_requests = true,
  .sends_hello = true,
  .hears_disconnect = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<RouterPattern> (host); },
};

}  // namespace engine
