// REP: takes a request from the peers in turn, then answers whoever sent it. RFC 28; zmq_socket(3) "Request-reply pattern".
//
// The envelope of a request (its frames up to the first empty one) is taken off when one looks for a request, poll included, so that a
// message without one never counts as readable; it is put in front of the reply. A reply whose requester has gone or has no room
// is dropped.
#include <cerrno>
#include <vector>

#include <zmq.h>

#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/router_base.hpp"

namespace engine {
namespace {

class RepPattern final : public RouterBase
{
  public:
    using RouterBase::RouterBase;

    int send (Msg &frame) override
    {
        if (state_ == State::owes_reply) {
            send_envelope ();
            state_ = State::in_reply;
        } else if (state_ != State::in_reply) {
            return EFSM;
        }
        const bool more = frame.more ();
        if (requester_ && !requester_->write (frame)) [[unlikely]] {
            drop_reply ();
            host_.count_dropped (Drop::lost);
        }
        if (!requester_)
            frame.reset ();
        if (!more) {
            state_ = State::may_receive;
            requester_ = nullptr;
        }
        return 0;
    }

    int recv (Msg &frame) override
    {
        if (state_ == State::may_receive && !find_request (frame))
            return EAGAIN;
        if (state_ != State::in_request)
            return EFSM;
        if (const int error = in_.recv (frame)) {
            state_ = State::may_receive;  // the rest of the request is lost, and who sent it has gone
            return error;
        }
        if (!frame.more ())
            state_ = State::owes_reply;
        return 0;
    }

    bool has_in () override
    {
        Msg scratch;
        return state_ == State::in_request || (state_ == State::may_receive && find_request (scratch));
    }

    // Its application never sees one.
    std::string_view id_of (const Pipe &) const noexcept override { return {}; }

    bool has_out () override { return state_ == State::owes_reply || state_ == State::in_reply; }

  protected:
    void lost (Pipe &pipe) override
    {
        if (requester_ == &pipe)
            drop_reply ();
    }

  private:
    enum class State
    {
        may_receive,
        in_request,  // the envelope is off, user frames are left to read
        owes_reply,
        in_reply  // some frames of the reply are sent
    };

    bool find_request (Msg &frame)
    try {
        Pipe *from = nullptr;
        while (in_.recv (frame, from) == 0) {
            envelope_.clear ();
            while (frame.more ()) {
                const bool delimiter = frame.size () == 0;
                envelope_.push_back (std::move (frame));
                if (delimiter) {
                    requester_ = from;
                    state_ = State::in_request;
                    return true;
                }
                if (in_.recv (frame) != 0)
                    return false;
            }
        }
        return false;
    } catch (...) {
        in_.skip_rest ();  // without memory for its envelope the request is lost, all of it
        throw;
    }

    void send_envelope ()
    {
        const bool known = requester_ != nullptr;
        for (Msg &frame : envelope_) {
            if (!requester_)
                break;
            if (!requester_->write (frame))
                drop_reply ();
        }
        if (!requester_ && !envelope_.empty ())
            host_.count_dropped (known ? Drop::full : Drop::unroutable);
        envelope_.clear ();
    }

    void drop_reply ()
    {
        requester_->rollback ();
        requester_ = nullptr;
    }

    std::vector<Msg> envelope_;
    Pipe *requester_ = nullptr;  // null: gone, or it has no room: the reply is dropped
    State state_ = State::may_receive;
};

}  // namespace

constinit const SocketType rep_row = {
  .number = ZMQ_REP,
  .name = "REP",
  .compatible = peer_types (ZMQ_REQ, ZMQ_DEALER),
  .wants_peer_routing_id = true,
  .answers_requests = true,
  .must_answer = true,
  .sends_hello = true,
  .hears_disconnect = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<RepPattern> (host); },
};

}  // namespace engine
