// Datagram endpoints over local sockets of the system, whose queues fill where those of udp lose: what waits, what is dropped and counted,
// how an endpoint ends.
#include "io/datagram_endpoint.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "core/held_socket.hpp"
#include "transport/descriptor.hpp"
#include "zmtp/datagram.hpp"

using namespace held;

namespace {

// Abstract names.
SocketAddress local_name (std::string_view name)
{
    SocketAddress out;
    auto &address = reinterpret_cast<sockaddr_un &> (out.storage);
    address.sun_family = AF_UNIX;
    std::copy (name.begin (), name.end (), address.sun_path + 1);
    out.size = static_cast<socklen_t> (offsetof (sockaddr_un, sun_path) + 1 + name.size ());
    return out;
}

const DatagramTransport local_transport = {
  .name = "local",
  .bind = nullptr,
  .connect = nullptr,
  .parse_peer =
    [] (std::string_view text, int, SocketAddress &out) noexcept {
        if (text.empty () || text.size () > 50)
            return EINVAL;
        out = local_name (text);
        return 0;
    },
  .peer_text =
    [] (const SocketAddress &address) {
        const auto &local = reinterpret_cast<const sockaddr_un &> (address.storage);
        const std::size_t start = offsetof (sockaddr_un, sun_path) + 1;
        return address.size > start ? std::string (local.sun_path + 1, address.size - start) : std::string ();
    },
};

std::string unique_name (const char *stem)
{
    static int count = 0;
    return std::string ("zmq-test-") + std::to_string (::getpid ()) + "-" + std::to_string (count++) + stem;
}

// A socket of the system's, bound to a name.
class Post
{
  public:
    explicit Post (const char *stem) : name (unique_name (stem)), fd_ (open_datagram_socket (AF_UNIX))
    {
        const SocketAddress address = local_name (name);
        REQUIRE (::bind (fd_.get (), address.get (), address.size) == 0);
    }
    void send (const std::string &to, std::string_view bytes) const
    {
        const SocketAddress address = local_name (to);
        REQUIRE (::sendto (fd_.get (), bytes.data (), bytes.size (), 0, address.get (), address.size) ==
                 static_cast<ssize_t> (bytes.size ()));
    }
    // What is there: every datagram.
    std::vector<std::string> take () const
    {
        std::vector<std::string> found;
        char bytes[10000];
        for (ssize_t size; (size = ::recv (fd_.get (), bytes, sizeof bytes, 0)) >= 0;)
            found.emplace_back (bytes, static_cast<std::size_t> (size));
        return found;
    }
    int release () { return fd_.release (); }

    const std::string name;

  private:
    Descriptor fd_;
};

std::shared_ptr<const Options> options_of (HeldSocket &socket) { return socket.socket ().snapshot (); }

// Gives a socket an endpoint bound to a name.
std::string add_bound (HeldSocket &socket)
{
    Post post ("bound");
    DatagramPort port{post.release (), "local://" + post.name, {}};
    REQUIRE (socket.socket ().add_datagrams (local_transport, std::move (port), options_of (socket)) == 0);
    return post.name;
}

// Gives a RADIO an endpoint that sends to a name. (Connected for the system too: it then tells when there is room.)
void add_connected (HeldSocket &radio, const std::string &to)
{
    Descriptor fd (open_datagram_socket (AF_UNIX));
    const SocketAddress address = local_name (to);
    REQUIRE (::connect (fd.get (), address.get (), address.size) == 0);
    DatagramPort port{fd.release (), "local://" + to, address};
    REQUIRE (radio.socket ().add_datagrams (local_transport, std::move (port), options_of (radio)) == 0);
}

int send_to_group (HeldSocket &radio, std::string_view group, std::string_view body)
{
    Msg frame;
    REQUIRE (frame.init_copy (body.data (), body.size ()) == 0);
    REQUIRE (frame.set_group (group) == 0);
    return radio.socket ().try_send (frame);
}

zmq_ext_stats_t stats_of (HeldSocket &socket)
{
    zmq_ext_stats_t stats;
    socket.socket ().fill_stats (stats);
    return stats;
}

std::string datagram (const std::string &group, const std::string &body) { return static_cast<char> (group.size ()) + group + body; }

// Receives `count` datagrams, letting the reactor work meanwhile.
std::vector<std::string> collect (HeldSocket &socket, const Post &post, std::size_t count)
{
    std::vector<std::string> all;
    CHECK (socket.wait ([&] {
        for (std::string &one : post.take ())
            all.push_back (std::move (one));
        return all.size () >= count;
    }));
    return all;
}

std::vector<std::string> numbers (const std::string &group, int count)
{
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i)
        all.push_back (datagram (group, std::to_string (i)));
    return all;
}

}  // namespace

TEST_CASE ("datagram endpoint: sends at once, and what finds the kernel full waits and keeps its order")
{
    HeldSocket radio (ZMQ_RADIO);
    const Post post ("full");
    add_connected (radio, post.name);
    CHECK (send_to_group (radio, "g", "first") == 0);
    CHECK (post.take () == std::vector<std::string>{datagram ("g", "first")});
    constexpr int count = 900;  // more than any queue of the system's, and fewer than ZMQ_SNDHWM
    for (int i = 0; i < count; ++i)
        CHECK (send_to_group (radio, "g", std::to_string (i)) == 0);
    CHECK (stats_of (radio).queued_out > 0);
    CHECK (stats_of (radio).peers == 1);
    CHECK (radio.socket ().anything_unsent ());
    CHECK (collect (radio, post, count) == numbers ("g", count));
    CHECK_FALSE (radio.socket ().anything_unsent ());
    CHECK (stats_of (radio).messages_out == count + 1);
    CHECK (stats_of (radio).dropped_out == 0);
}

TEST_CASE ("datagram endpoint: beyond ZMQ_SNDHWM a RADIO loses, counted, and a DGRAM waits")
{
    HeldSocket radio (ZMQ_RADIO);
    radio.socket ().options.sndhwm = 5;
    const Post post ("hwm");
    add_connected (radio, post.name);
    constexpr int count = 900;
    for (int i = 0; i < count; ++i)
        CHECK (send_to_group (radio, "g", std::to_string (i)) == 0);
    const std::uint64_t lost = stats_of (radio).dropped_full;
    CHECK (lost > 0);
    CHECK (stats_of (radio).queued_out == 5);
    CHECK (collect (radio, post, count - lost).size () == count - lost);

    HeldSocket dgram (ZMQ_DGRAM);
    dgram.socket ().options.sndhwm = 5;
    add_bound (dgram);
    const Post slow ("slow");
    int sent = 0;
    while (sent < count && dgram.send (slow.name, true) == 0) {
        CHECK (dgram.send ("x") == 0);
        ++sent;
    }
    CHECK (sent < count);
    CHECK_FALSE (dgram.socket ().ready_now (ZMQ_POLLOUT));
    CHECK (collect (dgram, slow, static_cast<std::size_t> (sent)).size () == static_cast<std::size_t> (sent));
    CHECK (dgram.wait ([&] { return dgram.socket ().ready_now (ZMQ_POLLOUT) != 0; }));
    CHECK (dgram.send (slow.name, true) == 0);
    CHECK (dgram.send ("again") == 0);
    CHECK (collect (dgram, slow, 1).back () == "again");
}

TEST_CASE ("datagram endpoint: what no datagram can take is dropped and counted, and stops nothing")
{
    HeldSocket dgram (ZMQ_DGRAM);
    const std::string own = add_bound (dgram);
    const Post post ("peer");
    const auto send = [&] (std::string_view address, std::string_view body) {
        CHECK (dgram.send (address, true) == 0);
        CHECK (dgram.send (body) == 0);
    };
    send ("", "no address");
    send ("nobody has this name", "x");
    send (post.name, std::string (longest_datagram + 1, 'x'));
    CHECK (stats_of (dgram).dropped_unroutable == 3);
    send (post.name + '\0', std::string (longest_datagram, 'l'));
    send (post.name, "");
    CHECK (post.take () == std::vector<std::string>{std::string (longest_datagram, 'l'), ""});
    CHECK (stats_of (dgram).dropped_out == 3);
    CHECK (stats_of (dgram).queued_out == 0);
}

TEST_CASE ("datagram endpoint: what is not what it claims to be is refused and counted")
{
    HeldSocket dish (ZMQ_DISH);
    CHECK (dish.socket ().pattern ().join ("g") == 0);
    const std::string own = add_bound (dish);
    const Post post ("peer");
    for (const std::string &bytes : {std::string (), std::string ("\2g"), datagram ("g", std::string (longest_datagram, 'x')),
                                     datagram (std::string ("g\0", 2), "x"), std::string (100, '\xff')})
        post.send (own, bytes);
    post.send (own, datagram ("g", "good"));
    post.send (own, datagram ("other", "not for us"));
    dish.socket ().poll_input ();
    CHECK (dish.recv () == Frames{"good"});
    CHECK (dish.recv ().empty ());
    CHECK (stats_of (dish).datagrams_refused == 5);
    CHECK (stats_of (dish).messages_in == 2);

    HeldSocket dgram (ZMQ_DGRAM);
    const std::string other = add_bound (dgram);
    post.send (other, std::string (longest_datagram + 1, 'x'));
    const Descriptor nameless (open_datagram_socket (AF_UNIX));
    const SocketAddress to = local_name (other);
    CHECK (::sendto (nameless.get (), "x", 1, 0, to.get (), to.size) == 1);
    post.send (other, "good");
    dgram.socket ().poll_input ();
    CHECK (dgram.recv () == Frames{post.name + '\0', "good"});
    CHECK (stats_of (dgram).datagrams_refused == 2);
}

TEST_CASE ("datagram endpoint: a full pipe reads no more, and goes on when there is room")
{
    HeldSocket dgram (ZMQ_DGRAM);
    dgram.socket ().options.rcvhwm = 3;
    const std::string own = add_bound (dgram);
    const Post post ("peer");
    for (int i = 0; i < 8; ++i)
        post.send (own, std::to_string (i));
    dgram.socket ().poll_input ();
    CHECK (stats_of (dgram).queued_in == 3);
    for (int i = 0; i < 8; ++i) {
        CHECK (dgram.socket ().ready_now (ZMQ_POLLIN));
        CHECK (dgram.recv () == Frames{post.name + '\0', std::to_string (i)});
    }
    CHECK_FALSE (dgram.socket ().ready_now (ZMQ_POLLIN));
}

TEST_CASE ("datagram endpoint: the reactor reads for an owner that makes no call, and for one that waits")
{
    HeldSocket dgram (ZMQ_DGRAM);
    const std::string own = add_bound (dgram);
    const Post post ("peer");
    post.send (own, "one");
    CHECK (dgram.wait ([&] { return stats_of (dgram).queued_in == 1; }));
    CHECK (dgram.recv () == Frames{post.name + '\0', "one"});
}

TEST_CASE ("datagram endpoint: ending it delivers what is queued as ZMQ_LINGER allows, and what came stays")
{
    constexpr int count = 900;
    for (const int linger : {-1, 0}) {
        CAPTURE (linger);
        HeldSocket radio (ZMQ_RADIO);
        const Post post ("linger");
        add_connected (radio, post.name);
        for (int i = 0; i < count; ++i)
            CHECK (send_to_group (radio, "g", std::to_string (i)) == 0);
        radio.socket ().options.linger = linger;
        CHECK (radio.socket ().end_endpoint ("local://" + post.name, {}) == 0);
        CHECK (radio.socket ().end_endpoint ("local://" + post.name, {}) == ENOENT);
        CHECK (send_to_group (radio, "g", "to nobody") == 0);
        if (linger == 0) {
            radio.next_call ();
            CHECK (stats_of (radio).peers == 0);
            CHECK (stats_of (radio).dropped_lost > 0);
            CHECK (post.take ().size () == count - stats_of (radio).dropped_lost);
        } else {
            CHECK (collect (radio, post, count) == numbers ("g", count));
            CHECK (radio.wait ([&] { return stats_of (radio).peers == 0; }));
            CHECK (stats_of (radio).dropped_out == 0);
        }
    }
    HeldSocket dgram (ZMQ_DGRAM);
    const std::string own = add_bound (dgram);
    const Post post ("peer");
    post.send (own, "unread");
    dgram.socket ().poll_input ();
    CHECK (dgram.socket ().end_endpoint ("local://" + own, {}) == 0);
    dgram.next_call ();
    CHECK (dgram.send (post.name, true) == EAGAIN);
    CHECK (dgram.recv () == Frames{post.name + '\0', "unread"});
    dgram.next_call ();
    CHECK (dgram.socket ().pipes ().empty ());
}

TEST_CASE ("datagram endpoint: a lingering end has its time")
{
    HeldSocket radio (ZMQ_RADIO);
    const Post post ("stuck");
    add_connected (radio, post.name);
    for (int i = 0; i < 900; ++i)
        CHECK (send_to_group (radio, "g", std::to_string (i)) == 0);
    radio.socket ().options.linger = 20;
    CHECK (radio.socket ().end_endpoint ("local://" + post.name, {}) == 0);
    CHECK (radio.wait ([&] { return stats_of (radio).peers == 0; }));  // nobody took it
    CHECK (stats_of (radio).dropped_lost > 0);
}

TEST_CASE ("datagram endpoint: facts for zmq_ext.h")
{
    HeldSocket dgram (ZMQ_DGRAM), radio (ZMQ_RADIO);
    const std::string own = add_bound (dgram);
    add_connected (radio, own);
    CHECK (dgram.socket ().peers_up () == 1);
    const auto bound = dgram.socket ().peers (), connected = radio.socket ().peers ();
    REQUIRE (bound.size () == 1);
    REQUIRE (connected.size () == 1);
    CHECK (bound[0].state == ZMQ_EXT_PEER_UP);
    CHECK (bound[0].accepted == 1);
    CHECK (bound[0].endpoint == "local://" + own);
    CHECK (std::string (bound[0].address).empty ());
    CHECK (connected[0].state == ZMQ_EXT_PEER_UP);
    CHECK (connected[0].accepted == 0);
    CHECK (connected[0].address == own);
    CHECK_FALSE (radio.socket ().unreachable ());
}
