// message.cpp - zmq_msg_t by itself: layout, init, copy, move, close, flags.
// Caller-owned buffers are in message_data.cpp, properties of received messages in message_properties.cpp.
#include "harness.hpp"

using namespace conf;

namespace {
// An initialised message that is closed at the end of the scope.
struct Message
{
    zmq_msg_t raw;
    Message () { zmq_msg_init (&raw); }
    explicit Message (std::string_view body)
    {
        ok (zmq_msg_init_size (&raw, body.size ()), "zmq_msg_init_size");
        if (!body.empty ())
            std::memcpy (zmq_msg_data (&raw), body.data (), body.size ());
    }
    ~Message () { zmq_msg_close (&raw); }
    Message (const Message &) = delete;
    Message &operator= (const Message &) = delete;
    std::string text () { return {static_cast<const char *> (zmq_msg_data (&raw)), zmq_msg_size (&raw)}; }
};
}  // namespace

TEST_CASE ("zmq_msg_t is 64 bytes aligned as a pointer")
{
    CHECK (sizeof (zmq_msg_t) == 64);
    CHECK (alignof (zmq_msg_t) == alignof (void *));
}

TEST_CASE ("a fresh message is empty")
{
    zmq_msg_t message;
    CHECK (zmq_msg_init (&message) == 0);
    CHECK (zmq_msg_size (&message) == 0);
    CHECK (zmq_msg_more (&message) == 0);
    CHECK (zmq_msg_get (&message, ZMQ_MORE) == 0);
    CHECK (zmq_msg_get (&message, ZMQ_SHARED) == 0);
    CHECK (zmq_msg_data (&message) != nullptr);
    CHECK (zmq_msg_close (&message) == 0);
}

TEST_CASE ("init_size gives that many writable bytes")
{
    for (const size_t size : {0, 1, 29, 30, 32, 33, 34, 63, 64, 65, 255, 256, 8191, 8192, 8193, 1 << 20}) {
        CAPTURE (size);
        Message message (std::string (size, 'q'));
        CHECK (zmq_msg_size (&message.raw) == size);
        CHECK (message.text () == std::string (size, 'q'));
        CHECK (zmq_msg_get (&message.raw, ZMQ_SHARED) == 0);
    }
}

TEST_CASE ("a size no machine has is ENOMEM")
{
    zmq_msg_t message;
    CHECK_ERRNO (zmq_msg_init_size (&message, SIZE_MAX / 2), ENOMEM);
}

TEST_CASE ("closing twice is EFAULT")
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    CHECK (zmq_msg_close (&message) == 0);
    CHECK_ERRNO (zmq_msg_close (&message), EFAULT);
}

TEST_CASE ("closing twice is EFAULT for a large body, too")
{
    zmq_msg_t message;
    CHECK (zmq_msg_init_size (&message, 1000) == 0);
    CHECK (zmq_msg_close (&message) == 0);
    CHECK_ERRNO (zmq_msg_close (&message), EFAULT);
}

TEST_CASE ("zeroed memory is no message")
{
    zmq_msg_t zero, other;
    std::memset (&zero, 0, sizeof zero);
    zmq_msg_init (&other);
    CHECK_ERRNO (zmq_msg_close (&zero), EFAULT);
    CHECK_ERRNO (zmq_msg_copy (&other, &zero), EFAULT);
    CHECK_ERRNO (zmq_msg_move (&other, &zero), EFAULT);
    CHECK (zmq_msg_close (&other) == 0);
}

TEST_CASE ("a closed message can be neither source nor target")
{
    zmq_msg_t closed;
    zmq_msg_init_size (&closed, 100);
    zmq_msg_close (&closed);
    Message other ("kept");
    CHECK_ERRNO (zmq_msg_copy (&other.raw, &closed), EFAULT);
    CHECK_ERRNO (zmq_msg_move (&other.raw, &closed), EFAULT);
    CHECK (other.text () == "kept");
    CHECK_ERRNO (zmq_msg_copy (&closed, &other.raw), EFAULT);
    CHECK_ERRNO (zmq_msg_move (&closed, &other.raw), EFAULT);
    CHECK (other.text () == "kept");
}

TEST_CASE ("a closed message can be initialised again")
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, 500);
    zmq_msg_close (&message);
    CHECK (zmq_msg_init_size (&message, 5) == 0);
    CHECK (zmq_msg_size (&message) == 5);
    CHECK (zmq_msg_close (&message) == 0);
}

TEST_CASE ("moving empties the source and replaces the target")
{
    for (const size_t size : {3, 33, 34, 5000}) {
        CAPTURE (size);
        Message source (std::string (size, 's')), target (std::string (700, 't'));
        CHECK (zmq_msg_move (&target.raw, &source.raw) == 0);
        CHECK (target.text () == std::string (size, 's'));
        CHECK (zmq_msg_size (&source.raw) == 0);
        CHECK (zmq_msg_get (&target.raw, ZMQ_SHARED) == 0);
    }
}

TEST_CASE ("a large body keeps its address when moved")
{
    Message source (std::string (100, 's')), target;
    const void *data = zmq_msg_data (&source.raw);
    CHECK (zmq_msg_move (&target.raw, &source.raw) == 0);
    CHECK (zmq_msg_data (&target.raw) == data);
}

TEST_CASE ("a body up to 33 bytes is copied, a larger one shared")
{
    for (const size_t size : {0, 1, 33, 34, 35, 100000}) {
        CAPTURE (size);
        Message source (std::string (size, 's')), target;
        CHECK (zmq_msg_copy (&target.raw, &source.raw) == 0);
        const int shared = size > 33;
        CHECK (zmq_msg_get (&source.raw, ZMQ_SHARED) == shared);
        CHECK (zmq_msg_get (&target.raw, ZMQ_SHARED) == shared);
        CHECK ((zmq_msg_data (&source.raw) == zmq_msg_data (&target.raw)) == (shared == 1));
        CHECK (target.text () == std::string (size, 's'));
        CHECK (source.text () == std::string (size, 's'));
    }
}

TEST_CASE ("writing through one of two shared messages shows in the other")
{
    Message source (std::string (100, 's')), target;
    zmq_msg_copy (&target.raw, &source.raw);
    static_cast<char *> (zmq_msg_data (&source.raw))[0] = 'X';
    CHECK (target.text ()[0] == 'X');
}

TEST_CASE ("writing to a small copy leaves the original")
{
    Message source ("small"), target;
    zmq_msg_copy (&target.raw, &source.raw);
    static_cast<char *> (zmq_msg_data (&target.raw))[0] = 'X';
    CHECK (source.text () == "small");
    CHECK (target.text () == "Xmall");
}

TEST_CASE ("copies outlive the original in any order")
{
    zmq_msg_t a, b, c;
    zmq_msg_init_size (&a, 100);
    std::memset (zmq_msg_data (&a), 'a', 100);
    zmq_msg_init (&b);
    zmq_msg_init (&c);
    CHECK (zmq_msg_copy (&b, &a) == 0);
    CHECK (zmq_msg_copy (&c, &b) == 0);
    CHECK (zmq_msg_close (&a) == 0);
    CHECK (static_cast<const char *> (zmq_msg_data (&c))[99] == 'a');
    CHECK (zmq_msg_close (&c) == 0);
    CHECK (static_cast<const char *> (zmq_msg_data (&b))[99] == 'a');
    CHECK (zmq_msg_close (&b) == 0);
}

TEST_CASE ("copying over a message releases what it held")
{
    Message a (std::string (100, 'a')), b (std::string (200, 'b'));
    for (int i = 0; i < 100; ++i)
        CHECK (zmq_msg_copy (&b.raw, &a.raw) == 0);
    CHECK (b.text () == std::string (100, 'a'));
}

TEST_CASE ("unknown message properties are EINVAL")
{
    Message message ("x");
    CHECK_ERRNO (zmq_msg_get (&message.raw, 0), EINVAL);
    CHECK_ERRNO (zmq_msg_get (&message.raw, 99), EINVAL);
    CHECK_NULL_ERRNO (zmq_msg_gets (&message.raw, "Socket-Type"), EINVAL);
}

TEST_CASE ("a message that came from nowhere has no source descriptor")
{
    Message message ("x");
    CHECK_ERRNO (zmq_msg_get (&message.raw, ZMQ_SRCFD), EINVAL);
}

TEST_CASE ("zmq_msg_set knows no option")
{
    Message message ("x");
    CHECK_ERRNO (zmq_msg_set (&message.raw, ZMQ_MORE, 1), EINVAL);
    CHECK_ERRNO (zmq_msg_set (&message.raw, ZMQ_SHARED, 0), EINVAL);
    CHECK_ERRNO (zmq_msg_set (&message.raw, 77, 0), EINVAL);
}

TEST_CASE ("a sent message is left empty and reusable")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    Message message (std::string (100, 'm'));
    CHECK (zmq_msg_send (&message.raw, a, 0) == 100);
    CHECK (zmq_msg_size (&message.raw) == 0);
    CHECK (zmq_msg_send (&message.raw, a, 0) == 0);
    CHECK (recv (b) == Msg{std::string (100, 'm')});
    CHECK (recv (b) == Msg{""});
}

TEST_CASE ("a refused message keeps its content")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Message message (std::string (100, 'm'));
    CHECK_ERRNO (zmq_msg_send (&message.raw, push, ZMQ_DONTWAIT), EAGAIN);
    CHECK (message.text () == std::string (100, 'm'));
    Message small ("small");
    CHECK_ERRNO (zmq_msg_send (&small.raw, push, ZMQ_DONTWAIT | ZMQ_SNDMORE), EAGAIN);
    CHECK (small.text () == "small");
}

TEST_CASE ("receiving replaces the old content, EAGAIN leaves an empty message")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    send (a, std::string (50, 'n'));
    Message message (std::string (500, 'o'));
    CHECK (zmq_msg_recv (&message.raw, b, 0) == 50);
    CHECK (message.text () == std::string (50, 'n'));
    CHECK_ERRNO (zmq_msg_recv (&message.raw, b, ZMQ_DONTWAIT), EAGAIN);
    CHECK (zmq_msg_size (&message.raw) == 0);
}

TEST_CASE ("one message receives again and again without being closed")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    Message message;
    for (size_t i = 0; i < 200; ++i) {
        send (a, std::string (i, 'x'));
        CHECK (zmq_msg_recv (&message.raw, b, 0) == static_cast<int> (i));
    }
}

TEST_CASE ("MORE tells of a following frame and does not make one")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    send (a, Msg{"one", "two"});
    Message message;
    CHECK (zmq_msg_recv (&message.raw, b, 0) == 3);
    CHECK (zmq_msg_more (&message.raw) == 1);
    CHECK (zmq_msg_get (&message.raw, ZMQ_MORE) == 1);
    CHECK (zmq_msg_send (&message.raw, b, 0) == 3);  // forwarded without SNDMORE: a whole message
    CHECK (zmq_msg_recv (&message.raw, b, 0) == 3);
    CHECK (zmq_msg_more (&message.raw) == 0);
    CHECK (recv (a) == Msg{"one"});
}

TEST_CASE ("copy carries MORE")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    send (a, Msg{"one", "two"});
    Message first, copy;
    zmq_msg_recv (&first.raw, b, 0);
    CHECK (zmq_msg_copy (&copy.raw, &first.raw) == 0);
    CHECK (zmq_msg_more (&copy.raw) == 1);
}

TEST_CASE ("an uninitialised or closed message cannot be sent or received into")
{
    if (oracle ())  // Debian's aborts the process
        return;
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    zmq_msg_t zero;
    std::memset (&zero, 0, sizeof zero);
    CHECK_ERRNO (zmq_msg_send (&zero, a, ZMQ_DONTWAIT), EFAULT);
    CHECK_ERRNO (zmq_msg_recv (&zero, a, ZMQ_DONTWAIT), EFAULT);
}

TEST_CASE ("sendmsg and recvmsg are msg_send and msg_recv with the socket first")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    Message message ("old name");
    CHECK (zmq_sendmsg (a, &message.raw, 0) == 8);
    CHECK (zmq_recvmsg (b, &message.raw, 0) == 8);
    CHECK (message.text () == "old name");
}
