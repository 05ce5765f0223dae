// zmq_proxy, zmq_proxy_steerable, zmq_device. Man pages zmq_proxy(3), zmq_proxy_steerable(3).
#include <array>
#include <deque>
#include <string_view>

#include "api/poll_set.hpp"
#include "message/msg.hpp"
#include "pattern/socket_type.hpp"

using namespace engine;

namespace {

// Whole messages and bytes that passed one of the two sockets.
struct Traffic
{
    std::uint64_t received = 0, received_bytes = 0, sent = 0, sent_bytes = 0;
};

// A message that closes itself.
class Part
{
  public:
    Part () { zmq_msg_init (&msg_); }
    ~Part () { zmq_msg_close (&msg_); }
    Part (const Part &) = delete;
    Part &operator= (const Part &) = delete;
    zmq_msg_t *get () noexcept { return &msg_; }
    std::string_view text () noexcept { return {static_cast<const char *> (zmq_msg_data (&msg_)), zmq_msg_size (&msg_)}; }

  private:
    zmq_msg_t msg_;
};

class Proxy
{
  public:
    Proxy (void *front, void *back, void *capture, void *control) : front_ (front), back_ (back), capture_ (capture), control_ (control) {}

    // 0 after TERMINATE, -1 with errno.
    int run ();

  private:
    enum class State
    {
        active,
        paused,
        terminated
    };
    static constexpr int burst = 1000;  // messages one way before the other has its turn

    int forward (void *from, void *to, Traffic &in, Traffic &out);
    int pass (void *from, void *to, Traffic &in, Traffic &out);
    int turn_round (Traffic &in, Traffic &out);
    bool take (Part &part, void *from, Traffic &traffic, bool &more);
    bool put (Part &part, void *to, Traffic &traffic, bool more);
    int obey ();
    int report ();
    bool ready (void *socket, int wanted, int &error);

    void *front_, *back_, *capture_, *control_;
    Traffic front_traffic_, back_traffic_;
    State state_ = State::active;
    bool room_first_ = true;  // of a socket that is both ends: see has_room_unasked
};

// Null: it is none.
const SocketType *type_of (void *socket)
{
    int number = 0;
    std::size_t size = sizeof number;
    return zmq_getsockopt (socket, ZMQ_TYPE, &number, &size) == 0 ? find_socket_type (number) : nullptr;
}

// Owes an answer to whatever it receives.
bool is_replying (void *socket)
{
    const SocketType *const type = type_of (socket);
    return type && type->must_answer;
}

// False: it has room only for an answer to what it received, or never.
bool has_room_unasked (void *socket)
{
    const SocketType *const type = type_of (socket);
    return !type || !(type->must_answer || type->receives_only);
}

// Whole messages, as long as there are any and the other side has room. 0 or -1.
int Proxy::forward (void *from, void *to, Traffic &in, Traffic &out)
{
    for (int i = 0; i < burst; ++i) {
        const int passed = from == to ? turn_round (in, out) : pass (from, to, in, out);
        if (passed <= 0)
            return passed;
        int found = ZMQ_POLLOUT;
        if (const int error = room_first_ ? look_at_socket (to, ZMQ_POLLOUT, found) : 0)
            return fail (error);
        if (!found)
            return 0;
    }
    return 0;
}

// One message, part by part. 1, 0: there is none, or -1.
int Proxy::pass (void *from, void *to, Traffic &in, Traffic &out)
{
    bool more = true;
    for (bool first = true; more; first = false) {
        Part part;
        if (!take (part, from, in, more))
            return errno == EAGAIN && first ? 0 : -1;
        if (!put (part, to, out, more))
            return -1;
    }
    return 1;
}

// One message back into the socket that it came from, which may want all of it before it takes the first part (REP). Likewise.
int Proxy::turn_round (Traffic &in, Traffic &out)
{
    std::deque<Part> parts;
    for (bool more = true; more;)
        if (!take (parts.emplace_back (), front_, in, more))
            return errno == EAGAIN && parts.size () == 1 ? 0 : -1;
    for (Part &part : parts)
        if (!put (part, front_, out, &part != &parts.back ()))
            return -1;
    return 1;
}

bool Proxy::take (Part &part, void *from, Traffic &traffic, bool &more)
{
    if (zmq_msg_recv (part.get (), from, ZMQ_DONTWAIT) < 0)
        return false;
    more = zmq_msg_more (part.get ());
    traffic.received += !more;
    traffic.received_bytes += zmq_msg_size (part.get ());
    return true;
}

bool Proxy::put (Part &part, void *to, Traffic &traffic, bool more)
{
    const std::size_t size = zmq_msg_size (part.get ());
    const int flags = more ? ZMQ_SNDMORE : 0;
    if (capture_) {
        Part copy;
        if (zmq_msg_copy (copy.get (), part.get ()) < 0 || zmq_msg_send (copy.get (), capture_, flags) < 0)
            return false;
    }
    if (zmq_msg_send (part.get (), to, flags) < 0)
        return false;
    traffic.sent += !more;
    traffic.sent_bytes += size;
    return true;
}

int Proxy::report ()
{
    const std::array<std::uint64_t, 8> numbers = {front_traffic_.received,   front_traffic_.received_bytes, front_traffic_.sent,
                                                  front_traffic_.sent_bytes, back_traffic_.received,        back_traffic_.received_bytes,
                                                  back_traffic_.sent,        back_traffic_.sent_bytes};
    for (std::size_t i = 0; i < numbers.size (); ++i)
        if (zmq_send (control_, &numbers[i], sizeof numbers[i], i + 1 < numbers.size () ? ZMQ_SNDMORE : 0) < 0)
            return -1;
    return 0;
}

// One command from the control socket. 0 or -1.
int Proxy::obey ()
{
    Part command;
    if (zmq_msg_recv (command.get (), control_, ZMQ_DONTWAIT) < 0)
        return errno == EAGAIN ? 0 : -1;
    while (zmq_msg_more (command.get ()))  // only single frames are commands
        if (zmq_msg_recv (command.get (), control_, ZMQ_DONTWAIT) < 0)
            return -1;
    const std::string_view text = command.text ();
    if (text == "STATISTICS")
        return report ();
    if (text == "PAUSE")
        state_ = State::paused;
    else if (text == "RESUME")
        state_ = State::active;
    else if (text == "TERMINATE")
        state_ = State::terminated;
    return is_replying (control_) && zmq_send (control_, "", 0, 0) < 0 ? -1 : 0;
}

int Proxy::run ()
{
    const bool same = front_ == back_;
    room_first_ = !same || has_room_unasked (front_);
    // A direction runs only when its source has something and its destination room; so we wait for sources, and for the room of
    // those destinations only whose source has something.
    bool front_in = false, back_in = false;
    while (state_ != State::terminated) {
        zmq_pollitem_t items[3];
        int count = 0;
        const auto want = [&] (void *socket, short events) {
            items[count] = {socket, -1, events, 0};
            return count++;
        };
        int front_item = -1, back_item = -1;
        if (state_ == State::active) {
            front_item = want (front_, back_in || (same && front_in) ? ZMQ_POLLOUT : 0);
            if (!front_in)
                items[front_item].events |= ZMQ_POLLIN;
            if (!same) {
                back_item = want (back_, front_in ? ZMQ_POLLOUT : 0);
                if (!back_in)
                    items[back_item].events |= ZMQ_POLLIN;
            }
        }
        const int control_item = control_ ? want (control_, ZMQ_POLLIN) : -1;
        if (zmq_poll (items, count, -1) < 0)
            return -1;
        if (control_item >= 0 && items[control_item].revents && obey () < 0)
            return -1;
        if (state_ != State::active)
            continue;
        int error = 0;
        front_in = front_in || (front_item >= 0 && (items[front_item].revents & ZMQ_POLLIN));
        back_in = !same && (back_in || (back_item >= 0 && (items[back_item].revents & ZMQ_POLLIN)));
        if (front_in && (!room_first_ || ready (back_, ZMQ_POLLOUT, error))) {
            front_in = false;
            if (forward (front_, back_, front_traffic_, back_traffic_) < 0)
                return -1;
        }
        if (!error && back_in && ready (front_, ZMQ_POLLOUT, error)) {
            back_in = false;
            if (forward (back_, front_, back_traffic_, front_traffic_) < 0)
                return -1;
        }
        if (error)
            return fail (error);
    }
    return 0;
}

bool Proxy::ready (void *socket, int wanted, int &error)
{
    int found = 0;
    error = look_at_socket (socket, wanted, found);
    return !error && found == wanted;
}

int run_proxy (void *front, void *back, void *capture, void *control)
{
    if (!front || !back)
        return fail (EFAULT);
    return guarded (-1, [&] { return Proxy (front, back, capture, control).run (); });
}

}  // namespace

int zmq_proxy (void *front, void *back, void *capture) { return run_proxy (front, back, capture, nullptr); }

int zmq_proxy_steerable (void *front, void *back, void *capture, void *control) { return run_proxy (front, back, capture, control); }

int zmq_device (int, void *front, void *back) { return run_proxy (front, back, nullptr, nullptr); }
