// STREAM: bytes from and to peers that speak no ZMTP. zmq_socket(3) "Native pattern".
//
// [id][bytes] both ways; an empty second frame ends the connection, after what was sent before, when sent, and tells of its beginning or
// end when received (the core puts those into the pipe, if ZMQ_STREAM_NOTIFY is on).
//
// Two of libzmq's accidents are not repeated: sending to a peer that has gone is EHOSTUNREACH at once, not a wait for ever, and an id sent
// alone does not swallow the frame after it.
#include <cerrno>
#include <utility>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/router_base.hpp"

namespace engine {
namespace {

class StreamPattern final : public RouterBase
{
  public:
    using RouterBase::RouterBase;

    int send (Msg &frame) override
    {
        if (!in_message_)
            return send_id (frame);
        in_message_ = false;
        Pipe *to = std::exchange (to_, nullptr);
        frame.set_more (false);
        if (to && frame.size () == 0)
            to->finish ();
        else if (to && !to->write (frame))
            host_.count_dropped (Drop::full);
        frame.reset ();
        return 0;
    }

    int recv (Msg &frame) override { return recv_with_id (frame); }
    bool has_out () override { return true; }
    bool raw () const noexcept override { return true; }

    int set_option (int option, const void *value, std::size_t size) override
    {
        // Read back until the next connection's takes its place. What is no id the core refuses.
        if (option == ZMQ_ROUTING_ID && value && size >= 1 && size <= 255) {
            last_id_.assign (static_cast<const char *> (value), size);
            return 0;
        }
        return option == ZMQ_CONNECT_ROUTING_ID ? RouterBase::set_option (option, value, size) : EINVAL;
    }
    int get_option (int option, void *value, std::size_t *size) override
    {
        return option == ZMQ_ROUTING_ID ? write_bytes (last_id_, value, size) : EINVAL;
    }
    int peer_state (const void *, std::size_t, int &) override { return ENOTSUP; }

  protected:
    void lost (Pipe &pipe) override
    {
        if (to_ == &pipe) {
            to_ = nullptr;
            host_.count_dropped (Drop::lost);
        }
    }

  private:
    int send_id (Msg &frame)
    {
        if (frame.more ()) {
            Peer *peer = table_.find (frame.view ());
            if (!peer || peer->pipe.closing ())
                return EHOSTUNREACH;
            if (!peer->pipe.writable ())
                return EAGAIN;
            to_ = &peer->pipe;
            in_message_ = true;
        }
        frame.reset ();
        return 0;
    }

    Pipe *to_ = nullptr;       // who gets the next frame; null: it has gone
    bool in_message_ = false;  // the id frame was sent
};

}  // namespace

constinit const SocketType stream_row = {
  .number = ZMQ_STREAM,
  .name = "STREAM",
  .raw = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<StreamPattern> (host); },
};

}  // namespace engine
