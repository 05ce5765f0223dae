// Who does a socket's input and output: the lease and its end, streams that stop and go on, what a sleeping thread and ZMQ_FD watch.
//
// While the test holds the strand the reactor can do nothing; still_used() tells whose the lease is: true once after each use by a call.
#include "io/attendance.hpp"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "io/fake_cipher.hpp"
#include "io/wired_stream.hpp"
#include "no_watches.hpp"

using namespace held;

namespace {

Attendance &attendance (HeldSocket &socket) { return socket.socket ().attendance (); }

std::uint64_t received (HeldSocket &socket) { return socket.socket ().inbound_messages; }

// Lets the reactor work until the socket has got so many messages, without a call of ours.
bool reactor_receives (HeldSocket &socket, std::uint64_t messages)
{
    return socket.wait ([&] { return received (socket) >= messages; });
}

void pass (HeldSocket &socket, int milliseconds)
{
    const Nanoseconds until = now () + milliseconds * millisecond;
    CHECK (socket.wait ([&] { return now () > until; }));
}

short ready (int fd, int milliseconds = 0)
{
    pollfd entry{fd, POLLIN, 0};
    ::poll (&entry, 1, milliseconds);
    return entry.revents;
}

// Of all threads of this process.
Nanoseconds processor_time ()
{
    timespec time;
    ::clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1000 * millisecond + time.tv_nsec;
}

// A context whose threads do everything.
class Background
{
  public:
    Background () : context_ (zmq_ctx_new ()) { REQUIRE (zmq_ctx_set (context_, ZMQ_EXT_ATTEND, 0) == 0); }
    ~Background () { zmq_ctx_term (context_); }
    Background (const Background &) = delete;
    Background &operator= (const Background &) = delete;
    void *get () const { return context_; }

  private:
    void *context_;
};

void block (HeldSocket &socket, WiredStream &stream)
{
    socket.socket ().options.sndhwm = 0;
    const std::string body (100000, 'b');
    while (!stream->blocked ())
        REQUIRE (socket.send (body) == 0);
}

// The timer's look: whether it will look again.
bool still_used (HeldSocket &socket)
{
    attendance (socket).check_lease ();
    return attendance (socket).lease_watched ();
}

}  // namespace

// ---- the lease ----

TEST_CASE ("attendance: the reactor reads until a call takes the lease")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    CHECK (attendance (socket).count () == 1);
    // (The handshake, too, was nobody's call.)
    CHECK_FALSE (still_used (socket));
    stream.far.write (message ({"1"}));
    CHECK (reactor_receives (socket, 1));
    CHECK_FALSE (still_used (socket));
    socket.socket ().poll_input ();
    CHECK (still_used (socket));
}

TEST_CASE ("attendance: a lease that is used is kept, one that is not goes back at the second look")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    for (int i = 0; i < 5; ++i) {
        socket.socket ().poll_input ();
        CHECK (still_used (socket));
    }
    CHECK_FALSE (still_used (socket));
    // It is the reactor's again, and stays so.
    CHECK_FALSE (still_used (socket));
    stream.far.write (message ({"1"}));
    CHECK (reactor_receives (socket, 1));
    // Until the next call.
    socket.socket ().poll_input ();
    CHECK (still_used (socket));
}

TEST_CASE ("attendance: the reactor looks by itself, twice, some milliseconds apart")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const Nanoseconds taken = now ();
        socket.socket ().poll_input ();
        stream.far.write (message ({"m"}));
        CHECK (reactor_receives (socket, i));
        CHECK (now () - taken >= 2 * Reactor::lease_time - millisecond);
    }
}

TEST_CASE ("attendance: every kind of use takes the lease")
{
    HeldSocket socket (ZMQ_PAIR);
    WiredStream stream (socket, "PAIR");
    ::poll (nullptr, 0, 1);
    CHECK (socket.send ("written at once") == 0);
    CHECK (still_used (socket));
    CHECK_FALSE (still_used (socket));
    pollfd entry{};
    CHECK (attendance (socket).fill_pollfd (&entry) == 1);
    CHECK (still_used (socket));
    CHECK_FALSE (still_used (socket));
    CHECK (socket.socket ().ready_now (ZMQ_POLLIN) == 0);
    CHECK (still_used (socket));
    // Given back on demand.
    attendance (socket).take_lease ();
    attendance (socket).hand_back ();
    CHECK_FALSE (still_used (socket));
    stream.far.write (message ({"1"}));
    CHECK (reactor_receives (socket, 1));
}

TEST_CASE ("attendance: while a thread sleeps on the socket the lease is kept, unlooked at; then it is looked at again")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    Waiter sleeper;
    REQUIRE (socket.strand ().doorbell.add_waiter (sleeper));
    socket.socket ().poll_input ();
    stream.far.write (message ({"for the sleeper"}));
    pass (socket, 40);
    CHECK (received (socket) == 0);
    // The reactor sleeps through it.
    const Nanoseconds before = processor_time ();
    socket.let_go ();
    ::poll (nullptr, 0, 60);
    socket.hold ();
    CHECK (processor_time () - before < 20 * millisecond);
    socket.strand ().doorbell.remove_waiter (sleeper);
    pass (socket, 20);
    CHECK (received (socket) == 0);  // nobody has said that it left
    attendance (socket).waiter_left ();
    CHECK (reactor_receives (socket, 1));
}

TEST_CASE ("attendance: what the kernel would not take is handed over at the end of the call")
{
    for (const bool second : {false, true}) {
        CAPTURE (second);
        HeldSocket socket (ZMQ_PUSH);
        WiredStream stream (socket, "PULL");
        std::unique_ptr<WiredStream> other;
        block (socket, stream);
        if (second)
            other = std::make_unique<WiredStream> (socket, "PULL");
        CHECK (attendance (socket).needs_settling ());
        socket.next_call ();
        CHECK_FALSE (still_used (socket));
        CHECK_FALSE (attendance (socket).needs_settling ());
        // The reactor writes the rest as the peer reads.
        std::string all;
        CHECK (socket.wait ([&] {
            all += stream.far.read ().value_or ("");
            return !stream->output_pending ();
        }));
        all += stream.far.read ().value_or ("");
        bool same = true;
        for (const Frames &frames : messages_in (all))
            same &= frames == Frames{std::string (100000, 'b')};
        CHECK (same);
    }
}

TEST_CASE ("attendance: what the kernel would not take stays the sleepers', who look again")
{
    HeldSocket socket (ZMQ_PUSH);
    WiredStream stream (socket, "PULL");
    Waiter sleeper;
    REQUIRE (sleeper.fd () >= 0);
    REQUIRE (socket.strand ().doorbell.add_waiter (sleeper));
    block (socket, stream);
    CHECK (ready (sleeper.fd ()) == POLLIN);
    attendance (socket).settle ();
    CHECK_FALSE (still_used (socket));  // because a thread sleeps
    socket.strand ().doorbell.remove_waiter (sleeper);
    CHECK (still_used (socket));  // not the reactor's
    pollfd entry{};
    CHECK (attendance (socket).fill_pollfd (&entry) == 1);
    CHECK (entry.fd == stream->fd ());
    CHECK (entry.events == (POLLIN | POLLOUT));
}

// ---- streams that stop and go on ----

TEST_CASE ("attendance: a stream whose pipe is full stops, and goes on when there is room")
{
    for (const bool background : {false, true})
        for (const int streams : {1, 2}) {
            CAPTURE (background);
            CAPTURE (streams);
            std::unique_ptr<Background> context;
            if (background)
                context = std::make_unique<Background> ();
            HeldSocket socket (ZMQ_PULL, context ? context->get () : nullptr);
            socket.socket ().options.rcvhwm = 2;
            WiredStream stream (socket, "PUSH");
            std::unique_ptr<WiredStream> other;
            if (streams == 2)
                other = std::make_unique<WiredStream> (socket, "PUSH");
            for (int i = 1; i <= 6; ++i)
                stream.far.write (message ({std::to_string (i)}));
            CHECK (reactor_receives (socket, 2));
            for (int i = 1; i <= 6; ++i) {
                socket.socket ().poll_input ();
                CHECK (stream->paused () == (i <= 5));  // full is full, whether more waits or not
                CHECK (stream->interest () == (stream->paused () ? 0u : static_cast<unsigned> (io_in)));
                CHECK (received (socket) == static_cast<std::uint64_t> (i <= 5 ? 2 : 1));
                CHECK (socket.recv () == Frames{std::to_string (i)});
            }
            socket.socket ().poll_input ();
            CHECK (received (socket) == 0);
            CHECK_FALSE (stream->paused ());
            stream.far.write (message ({"more"}));
            CHECK (reactor_receives (socket, 1));
        }
}

TEST_CASE ("attendance: of several streams the one that is full does not stop the others, and leaves the set")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 1;
    WiredStream full (socket, "PUSH"), other (socket, "PUSH");
    full.far.write (message ({"1"}) + message ({"2"}) + message ({"3"}));
    socket.socket ().poll_input ();
    CHECK (full->paused ());
    CHECK (full->registered_events == 0);
    CHECK (other->registered_events == io_in);
    other.far.write (message ({"a"}));
    socket.socket ().poll_input ();
    CHECK (received (socket) == 2);
    CHECK (other->registered_events == 0);
    // A peer that has left is not noticed before what it brought was taken.
    full.far.close ();
    socket.socket ().poll_input ();
    CHECK_FALSE (full->dead ());
    for (int i = 0; i < 4; ++i) {
        CHECK_FALSE (socket.recv ().empty ());
        socket.socket ().poll_input ();
    }
    CHECK (socket.wait ([&] { return full->dead (); }));
    CHECK (attendance (socket).count () == 1);
}

TEST_CASE ("attendance: a stream that goes on when the system has no room for its watch is served all the same, and watched when it has")
{
    for (const bool background : {false, true}) {
        CAPTURE (background);
        std::unique_ptr<Background> context;
        if (background)
            context = std::make_unique<Background> ();
        HeldSocket socket (ZMQ_PULL, context ? context->get () : nullptr);
        socket.socket ().options.rcvhwm = 1;
        WiredStream stream (socket, "PUSH"), other (socket, "PUSH");
        const auto watched = [&] { return background ? stream->watch ().events () : stream->registered_events; };
        stream.far.write (message ({"1"}) + message ({"2"}));
        CHECK (socket.wait ([&] { return stream->paused () && watched () == 0; }));
        {
            const NoWatches no_watches;
            for (const char *body : {"1", "2"}) {
                CHECK (socket.recv () == Frames{body});
                socket.socket ().poll_input ();
            }
            CHECK_FALSE (stream->paused ());
            CHECK (no_watches.refused () > 0);
            CHECK (watched () == 0);
            stream.far.write (message ({"3"}));
            CHECK (reactor_receives (socket, 1));
            CHECK (socket.recv () == Frames{"3"});
            socket.socket ().poll_input ();
            CHECK_FALSE (stream->paused ());
            CHECK (watched () == 0);
        }
        CHECK (socket.wait ([&] { return watched () == io_in; }));
        stream.far.write (message ({"4"}));
        CHECK (reactor_receives (socket, 1));
        CHECK (socket.recv () == Frames{"4"});
        // So is the end of a connection.
        socket.socket ().poll_input ();
        stream.far.write (message ({"5"}));
        CHECK (socket.wait ([&] { return stream->paused () && watched () == 0; }));
        const NoWatches no_watches;
        CHECK (socket.recv () == Frames{"5"});
        socket.socket ().poll_input ();
        CHECK_FALSE (stream->dead ());
        CHECK (watched () == 0);
        stream.far.close ();
        CHECK (socket.wait ([&] { return stream->dead (); }));
        CHECK (attendance (socket).count () == 1);
    }
}

TEST_CASE ("attendance: with a second stream the first one's registration is brought up to date")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 1;
    WiredStream first (socket, "PUSH");
    first.far.write (message ({"1"}) + message ({"2"}));
    socket.socket ().poll_input ();
    CHECK (first->paused ());
    CHECK (first->registered_events == io_in);  // nobody watches the set
    WiredStream second (socket, "PUSH");
    CHECK (first->registered_events == 0);
    CHECK (second->registered_events == io_in);
    // It goes on all the same.
    for (const char *body : {"1", "2"}) {
        CHECK (socket.recv () == Frames{body});
        socket.socket ().poll_input ();
    }
}

TEST_CASE ("attendance: as many streams as there may be are all read, however many are ready at once")
{
    constexpr std::uint64_t many = 70;
    HeldSocket socket (ZMQ_PULL);
    std::vector<std::unique_ptr<WiredStream>> streams;
    for (std::uint64_t i = 0; i < many; ++i)
        streams.push_back (std::make_unique<WiredStream> (socket, "PUSH"));
    CHECK (attendance (socket).count () == many);
    for (int round = 0; round < 2; ++round) {
        for (const auto &stream : streams)
            stream->far.write (message ({"m"}));
        socket.socket ().poll_input ();
        socket.socket ().poll_input ();
        CHECK (received (socket) == many);
        for (std::uint64_t i = 0; i < many; ++i)
            CHECK (socket.recv () == Frames{"m"});
    }
}

TEST_CASE ("attendance: streams that end leave the others in place")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 1;
    WiredStream a (socket, "PUSH"), b (socket, "PUSH"), c (socket, "PUSH");
    for (WiredStream *stream : {&a, &b, &c})
        stream->far.write (message ({"1"}) + message ({"2"}));
    socket.socket ().poll_input ();
    REQUIRE (a->paused ());
    // The first, paused; the last takes its place.
    Stream &gone = *a;
    gone.close ();
    CHECK (attendance (socket).count () == 2);
    CHECK (gone.attendance_index == SIZE_MAX);
    CHECK_FALSE (gone.listed_as_paused);
    attendance (socket).remove (gone);
    CHECK (attendance (socket).count () == 2);
    a.pipe ().stream = nullptr;
    a.pipe ().terminate ();
    socket.next_call ();
    CHECK (received (socket) == 2);
    for (int i = 0; i < 4; ++i) {
        CHECK_FALSE (socket.recv ().empty ());
        socket.socket ().poll_input ();
    }
    CHECK (socket.recv ().empty ());
    for (WiredStream *stream : {&b, &c}) {
        stream->far.write (message ({"3"}));
        socket.socket ().poll_input ();
        CHECK (socket.recv () == Frames{"3"});
    }
    // The one that took the place ends too.
    NetworkPipe &pipe = c.pipe ();
    c->close ();
    pipe.stream = nullptr;
    pipe.terminate ();
    socket.next_call ();
    CHECK (attendance (socket).count () == 1);
    b.far.write (message ({"4"}));
    socket.socket ().poll_input ();
    CHECK (socket.recv () == Frames{"4"});
}

TEST_CASE ("attendance: of streams that are ready together one may end another, which then brings nothing more")
{
    // Calls back when a frame comes, which it leaves as it is.
    struct Listening final : FrameCipher
    {
        explicit Listening (std::function<void ()> given) : heard (std::move (given)) {}
        std::size_t overhead () const noexcept override { return 0; }
        int seal (const Payload &, std::uint8_t *) noexcept override { return 0; }
        int open (std::span<std::uint8_t> wire, Opened &out) noexcept override
        {
            heard ();
            out.payload = wire;
            return 0;
        }
        std::function<void ()> heard;
    };
    HeldSocket socket (ZMQ_PULL);
    WiredStream a (socket, "PUSH"), b (socket, "PUSH"), c (socket, "PUSH");
    const auto end = [] (WiredStream &stream) {
        NetworkPipe &pipe = stream.pipe ();
        stream->close ();
        pipe.stream = nullptr;
        pipe.terminate ();
    };
    // Whichever of the two is first.
    const auto ends = [&] (WiredStream &self, WiredStream &other) {
        self->secure_with (std::make_unique<Listening> ([&] {
            CHECK_FALSE (self->dead ());
            if (!other->dead ())
                end (other);
        }));
    };
    ends (a, b);
    ends (b, a);
    for (WiredStream *stream : {&a, &b, &c})
        stream->far.write (message ({"1"}) + message ({"2"}));
    socket.socket ().poll_input ();
    CHECK (a->dead () != b->dead ());
    CHECK (attendance (socket).count () == 2);
    CHECK (received (socket) == 4);
    WiredStream &survivor = a->dead () ? b : a;
    survivor.far.write (message ({"3"}));
    socket.socket ().poll_input ();
    CHECK (received (socket) == 5);
}

// ---- waiting ----

TEST_CASE ("attendance: what a sleeping thread watches")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 1;
    pollfd entry{};
    CHECK (attendance (socket).fill_pollfd (&entry) == 0);
    WiredStream stream (socket, "PUSH");
    REQUIRE (attendance (socket).fill_pollfd (&entry) == 1);
    CHECK (entry.fd == stream->fd ());
    CHECK (entry.events == POLLIN);
    stream.far.write (message ({"1"}) + message ({"2"}));
    socket.socket ().poll_input ();
    REQUIRE (stream->paused ());
    CHECK (attendance (socket).fill_pollfd (&entry) == 0);
    // Of several, a set of those that may read.
    WiredStream other (socket, "PUSH");
    REQUIRE (attendance (socket).fill_pollfd (&entry) == 1);
    CHECK (entry.fd != stream->fd ());
    CHECK (entry.fd != other->fd ());
    CHECK (entry.events == POLLIN);
    stream.far.write (message ({"3"}));
    CHECK (ready (entry.fd) == 0);
    other.far.write (message ({"a"}));
    CHECK (ready (entry.fd) == POLLIN);
}

TEST_CASE ("attendance: in background mode there is nothing to watch and no lease")
{
    const Background context;
    HeldSocket socket (ZMQ_PULL, context.get ());
    WiredStream stream (socket, "PUSH");
    pollfd entry{};
    CHECK (attendance (socket).fill_pollfd (&entry) == 0);
    stream.far.write (message ({"1"}));
    socket.socket ().poll_input ();
    CHECK (received (socket) == 0);
    CHECK_FALSE (still_used (socket));
    CHECK (reactor_receives (socket, 1));
    CHECK (attendance (socket).export_fd () == socket.strand ().doorbell.export_fd ());
}

TEST_CASE ("attendance: the exported descriptor is one for all: streams, now and later, and the bell")
{
    HeldSocket socket (ZMQ_PULL);
    const int fd = attendance (socket).export_fd ();
    REQUIRE (fd >= 0);
    CHECK (attendance (socket).export_fd () == fd);
    CHECK (attendance (socket).needs_settling ());
    CHECK (ready (fd) == 0);
    socket.strand ().doorbell.ring ();
    CHECK (ready (fd) == POLLIN);
    socket.strand ().doorbell.quiet ();
    CHECK (ready (fd) == 0);
    WiredStream stream (socket, "PUSH"), other (socket, "PUSH");
    socket.strand ().doorbell.quiet ();
    for (WiredStream *source : {&stream, &other}) {
        attendance (socket).take_lease ();
        CHECK (ready (fd) == 0);
        source->far.write (message ({"m"}));
        CHECK (ready (fd, 10000) == POLLIN);
        socket.socket ().poll_input ();
        CHECK (ready (fd) == 0);
        CHECK (received (socket) == 1);
        CHECK (socket.recv () == Frames{"m"});
    }
}

TEST_CASE ("attendance: a full pipe's stream does not keep the exported descriptor readable")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.rcvhwm = 1;
    const int fd = attendance (socket).export_fd ();
    WiredStream stream (socket, "PUSH");
    stream.far.write (message ({"1"}) + message ({"2"}));
    socket.socket ().poll_input ();
    REQUIRE (stream->paused ());
    stream.far.write (message ({"3"}));
    attendance (socket).settle ();
    socket.strand ().doorbell.quiet ();
    CHECK (ready (fd) == 0);
    CHECK (socket.recv () == Frames{"1"});
    socket.socket ().poll_input ();
    CHECK (socket.recv () == Frames{"2"});
    socket.socket ().poll_input ();
    CHECK (socket.recv () == Frames{"3"});
    // As ZMQ_EVENTS does, which has to be asked before the descriptor is waited for.
    CHECK (socket.socket ().ready_now (ZMQ_POLLIN) == 0);
    attendance (socket).settle ();
    stream.far.write (message ({"4"}));
    CHECK (ready (fd, 10000) == POLLIN);
}

// ---- a loop that sleeps on ZMQ_FD ----

namespace {

int ask (HeldSocket &socket)
{
    int events = 0;
    std::size_t size = sizeof events;
    REQUIRE (socket.socket ().get_option (ZMQ_EVENTS, &events, &size) == 0);
    return events;
}

// Asks so often, with a look after each, that the next look is a second away.
void earn_trust (HeldSocket &socket)
{
    REQUIRE (attendance (socket).export_fd () >= 0);
    for (int i = 0; i < 3; ++i) {
        ask (socket);
        attendance (socket).check_loop ();
    }
}

}  // namespace

TEST_CASE ("attendance: of a loop that asks for the events after each waking the reactor keeps out")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    const int fd = attendance (socket).export_fd ();
    CHECK (ask (socket) == 0);
    CHECK_FALSE (still_used (socket));  // another timer looks
    earn_trust (socket);
    for (int i = 0; i < 3; ++i) {
        attendance (socket).settle ();
        socket.strand ().doorbell.quiet ();
        stream.far.write (message ({"1"}));
        CHECK (ready (fd, 10000) == POLLIN);
        pass (socket, 30);
        CHECK (received (socket) == 0);
        CHECK (ask (socket) == ZMQ_POLLIN);
        CHECK (received (socket) == 1);
        CHECK (socket.recv () == Frames{"1"});
        attendance (socket).check_loop ();
    }
}

TEST_CASE ("attendance: a loop that asks no more loses the lease, at once or when the next message comes")
{
    for (const bool idle : {false, true}) {
        CAPTURE (idle);
        HeldSocket socket (ZMQ_PULL);
        WiredStream stream (socket, "PUSH");
        earn_trust (socket);
        if (idle)
            attendance (socket).check_loop ();  // nothing to ask for: from now on no timer runs
        stream.far.write (message ({"1"}));
        if (!idle)
            attendance (socket).check_loop ();
        CHECK (reactor_receives (socket, 1));
        stream.far.write (message ({"2"}));
        CHECK (reactor_receives (socket, 2));
        // Asking takes it again.
        CHECK (ask (socket) == ZMQ_POLLIN);
        earn_trust (socket);
        stream.far.write (message ({"3"}));
        pass (socket, 30);
        CHECK (received (socket) == 2);
    }
}

TEST_CASE ("attendance: after an idle time the reactor looks once whether the loop came")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    earn_trust (socket);
    attendance (socket).check_loop ();
    for (std::uint64_t i = 1; i <= 3; ++i) {
        stream.far.write (message ({"m"}));
        pass (socket, 30);
        CHECK (received (socket) == i - 1);
        CHECK (ask (socket) == ZMQ_POLLIN);
        CHECK (received (socket) == i);
    }
    // Nothing runs in an idle process.
    attendance (socket).check_loop ();
    attendance (socket).check_loop ();
    const Nanoseconds before = processor_time ();
    socket.let_go ();
    ::poll (nullptr, 0, 60);
    socket.hold ();
    CHECK (processor_time () - before < 20 * millisecond);
}

TEST_CASE ("attendance: calls that a loop does not make are a lease like any other")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    earn_trust (socket);
    socket.socket ().poll_input ();
    attendance (socket).check_loop ();
    CHECK (attendance (socket).lease_watched ());
    CHECK_FALSE (still_used (socket));
    stream.far.write (message ({"1"}));
    CHECK (reactor_receives (socket, 1));
}

TEST_CASE ("attendance: a thread that sleeps on a loop's socket is not looked at, and then the lease goes on")
{
    HeldSocket socket (ZMQ_PULL);
    WiredStream stream (socket, "PUSH");
    earn_trust (socket);
    Waiter sleeper;
    REQUIRE (socket.strand ().doorbell.add_waiter (sleeper));
    attendance (socket).check_loop ();
    stream.far.write (message ({"for the sleeper"}));
    pass (socket, 30);
    CHECK (received (socket) == 0);
    socket.strand ().doorbell.remove_waiter (sleeper);
    attendance (socket).waiter_left ();
    CHECK (reactor_receives (socket, 1));
}
