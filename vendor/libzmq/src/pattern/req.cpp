// REQ: a request to one peer, then its reply, in strict turns. RFC 28; zmq_socket(3) "Request-reply pattern".
//
// Puts the envelope ([request id] and an empty frame) around requests and takes it off replies; its frame check holds connections to the
// same form. The envelope of a reply is taken off when one looks for it (poll included), so that only a reply that fits counts
// as readable. Sending after REQ_RELAXED gave a request up throws away what came for it.
#include <cerrno>
#include <cstring>

#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/fair_queue.hpp"
#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class ReqPattern final : public Pattern
{
  public:
    explicit ReqPattern (PatternHost &host) : Pattern (host), out_ (host), request_id_ (host.random ()) {}

    void attach (Pipe &pipe) override
    {
        if (probe_router_) {
            Msg probe;
            pipe.write (probe);
        }
        in_.add (pipe);
        out_.add (pipe);
    }
    void detach (Pipe &pipe) noexcept override
    {
        in_.remove (pipe);
        out_.remove (pipe);
        if (replier_ == &pipe)
            replier_ = nullptr;
    }
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }
    void lose_next (bool lose) noexcept override { out_.lose_next (lose); }
    bool probes () const noexcept override { return probe_router_; }

    int send (Msg &frame) override
    {
        if (state_ == State::awaiting || state_ == State::in_reply) {
            if (!relaxed_)
                return EFSM;
            if (!out_.has_out ())
                return EAGAIN;
        }
        if (state_ != State::in_request) {
            if (const int error = begin_request ())
                return error;
        }
        const bool more = frame.more ();
        if (const int error = out_.send (frame))
            return error;
        if (!more)
            state_ = State::awaiting;
        return 0;
    }

    int recv (Msg &frame) override
    {
        if (state_ == State::awaiting && !find_reply (frame))
            return EAGAIN;
        if (state_ != State::in_reply)
            return EFSM;
        const int error = in_.recv (frame);
        if (error || !frame.more ())
            state_ = State::may_send;  // on an error the rest of the reply is lost
        return error;
    }

    bool has_in () override
    {
        Msg scratch;
        return state_ == State::in_reply || (state_ == State::awaiting && find_reply (scratch));
    }

    bool has_out () override
    {
        if ((state_ == State::awaiting || state_ == State::in_reply) && !relaxed_)
            return false;
        return out_.has_out ();
    }

    int set_option (int option, const void *value, std::size_t size) override
    {
        switch (option) {
        case ZMQ_REQ_CORRELATE:
            return read_flag (value, size, correlate_);
        case ZMQ_REQ_RELAXED:
            return read_flag (value, size, relaxed_);
        case ZMQ_PROBE_ROUTER:
            return read_flag (value, size, probe_router_);
        default:
            return EINVAL;
        }
    }

  private:
    enum class State
    {
        may_send,
        in_request,  // some frames of the request are sent
        awaiting,    // the request is sent
        in_reply     // the envelope of the reply is off, user frames are left to read
    };

    // Writes the envelope and forgets whatever came before it. EAGAIN: nothing has changed.
    int begin_request ()
    {
        Msg frame;
        Pipe *to = nullptr;
        if (correlate_) {
            const std::uint32_t id = request_id_ + 1;
            frame.init_copy (&id, sizeof id);
            frame.set_more (true);
            if (const int error = out_.send (frame, to))
                return error;
            request_id_ = id;
            frame.reset ();
        }
        frame.set_more (true);
        if (const int error = out_.send (frame, to))
            return error;
        replier_ = to;
        correlated_ = correlate_;
        state_ = State::in_request;
        in_.skip_rest ();
        Msg old;
        while (in_.recv (old) == 0) {
        }
        return 0;
    }

    // Looks for a message from the right peer with the right envelope, and takes that off; others are dropped.
    bool find_reply (Msg &frame)
    {
        Pipe *from = nullptr;
        while (in_.recv (frame, from) == 0) {
            if ((!replier_ || from == replier_) && strip_envelope (frame)) {
                state_ = State::in_reply;
                return true;
            }
            in_.skip_rest ();
        }
        return false;
    }

    bool strip_envelope (Msg &frame)
    {
        if (correlated_) {
            if (!frame.more () || frame.size () != sizeof request_id_ || std::memcmp (frame.data (), &request_id_, sizeof request_id_) != 0)
                return false;
            if (in_.recv (frame) != 0)
                return false;
        }
        return frame.more () && frame.size () == 0;
    }

    FairQueue in_;
    LoadBalancer out_;
    Pipe *replier_ = nullptr;  // who got the request, if it is still there
    State state_ = State::may_send;
    std::uint32_t request_id_;
    bool correlated_ = false;  // the request under way carries an id
    bool correlate_ = false;
    bool relaxed_ = false;
    bool probe_router_ = false;
};

// [optional 4-byte frame] [empty frame] [one or more frames]
class ReqFrameCheck final : public FrameCheck
{
  public:
    bool accept (const Msg &frame) noexcept override
    {
        switch (expected_) {
        case Expected::id_or_delimiter:
            if (frame.more () && frame.size () == 4) {
                expected_ = Expected::delimiter;
                return true;
            }
            [[fallthrough]];
        case Expected::delimiter:
            if (!frame.more () || frame.size () != 0)
                return false;
            expected_ = Expected::body;
            return true;
        case Expected::body:
            if (!frame.more ())
                expected_ = Expected::id_or_delimiter;
            return true;
        }
        return false;
    }

  private:
    enum class Expected
    {
        id_or_delimiter,
        delimiter,
        body
    };
    Expected expected_ = Expected::id_or_delimiter;
};

}  // namespace

constinit const SocketType req_row = {
  .number = ZMQ_REQ,
  .name = "REQ",
  .compatible = peer_types (ZMQ_REP, ZMQ_ROUTER),
  .sends_identity = true,
  .connects_once = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ReqPattern> (host); },
  .make_frame_check = [] () -> std::unique_ptr<FrameCheck> { return std::make_unique<ReqFrameCheck> (); },
};

}  // namespace engine
