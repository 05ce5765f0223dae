// utilities.cpp - version, zmq_has, Z85, CURVE keys, counters, stopwatch, threads, timers, and the functions beyond 4.3.4.
#include "harness.hpp"

using namespace conf;

TEST_CASE ("the version is at least 4.3.4, and 4.3.5 or later on ours")
{
    int major = 0, minor = 0, patch = 0;
    zmq_version (&major, &minor, &patch);
    CHECK (ZMQ_MAKE_VERSION (major, minor, patch) >= ZMQ_MAKE_VERSION (4, 3, ours () ? 5 : 4));
    CHECK (major == 4);
    CHECK (ZMQ_MAKE_VERSION (4, 3, 5) == 40305);
}

TEST_CASE ("zmq_has answers 1 or 0, exact names")
{
    CHECK (zmq_has ("ipc") == 1);
    for (const char *name : {"", "IPC", "tcp", "inproc", "udp", "nothing", "ipc "}) {
        INFO (std::string (name));
        CHECK (zmq_has (name) == 0);
    }
    for (const char *name : {"pgm", "tipc", "norm", "curve", "gssapi", "vmci", "draft", "WS", "WSS", "vsock"}) {
        INFO (std::string (name));
        const int answer = zmq_has (name);
        CHECK ((answer == 0) != (answer == 1));
    }
}

TEST_CASE ("CURVE keys are made, or refused with ENOTSUP; a library that has CURVE makes them")
{
    char pub[41], secret[41];
    const int rc = zmq_curve_keypair (pub, secret);
    if (rc == -1) {
        CHECK (zmq_errno () == ENOTSUP);
        CHECK_FALSE (zmq_has ("curve"));
        CHECK_ERRNO (zmq_curve_public (pub, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"), ENOTSUP);
        return;
    }
    uint8_t key[32];
    CHECK (zmq_z85_decode (key, pub) == key);
    CHECK (zmq_z85_decode (key, secret) == key);
}

TEST_CASE ("CURVE keys: 40 characters, the public key follows from the secret one")
{
    if (!zmq_has ("curve"))
        return;
    char pub[41], secret[41], derived[41];
    REQUIRE (zmq_curve_keypair (pub, secret) == 0);
    CHECK (std::strlen (pub) == 40);
    CHECK (std::strlen (secret) == 40);
    CHECK (zmq_curve_public (derived, secret) == 0);
    CHECK (std::string (derived) == pub);
    CHECK (zmq_curve_public (derived, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6") == 0);
    CHECK (derived == "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"s);
    CHECK_ERRNO (zmq_curve_public (derived, "too short"), EINVAL);
}

TEST_CASE ("Z85: the example of RFC 32, and every length")
{
    const uint8_t bytes[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    char text[11];
    CHECK (zmq_z85_encode (text, bytes, 8) == text);
    CHECK (text == "HelloWorld"s);
    uint8_t back[8];
    CHECK (zmq_z85_decode (back, "HelloWorld") == back);
    CHECK (std::memcmp (back, bytes, 8) == 0);
    CHECK (zmq_z85_encode (text, bytes, 0) == text);
    CHECK (text[0] == '\0');
    for (size_t size = 4; size <= 128; size += 4) {
        std::vector<uint8_t> data (size), decoded (size);
        for (size_t i = 0; i < size; ++i)
            data[i] = static_cast<uint8_t> (i * 37 + size);
        std::vector<char> encoded (size * 5 / 4 + 1);
        REQUIRE (zmq_z85_encode (encoded.data (), data.data (), size));
        CHECK (std::strlen (encoded.data ()) == size * 5 / 4);
        REQUIRE (zmq_z85_decode (decoded.data (), encoded.data ()));
        CHECK (decoded == data);
    }
}

TEST_CASE ("atomic counters")
{
    void *counter = zmq_atomic_counter_new ();
    REQUIRE (counter);
    CHECK (zmq_atomic_counter_value (counter) == 0);
    CHECK (zmq_atomic_counter_inc (counter) == 0);  // the value before
    CHECK (zmq_atomic_counter_inc (counter) == 1);
    CHECK (zmq_atomic_counter_value (counter) == 2);
    CHECK (zmq_atomic_counter_dec (counter) == 1);  // not zero yet
    CHECK (zmq_atomic_counter_dec (counter) == 0);
    zmq_atomic_counter_set (counter, 41);
    CHECK (zmq_atomic_counter_inc (counter) == 41);
    CHECK (zmq_atomic_counter_value (counter) == 42);
    zmq_atomic_counter_destroy (&counter);
    CHECK (counter == nullptr);
}

TEST_CASE ("atomic counters are atomic")
{
    void *counter = zmq_atomic_counter_new ();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back ([&] {
            for (int k = 0; k < 20000; ++k)
                zmq_atomic_counter_inc (counter);
        });
    for (std::thread &thread : threads)
        thread.join ();
    CHECK (zmq_atomic_counter_value (counter) == 80000);
    zmq_atomic_counter_destroy (&counter);
}

TEST_CASE ("a stopwatch counts microseconds")
{
    void *watch = zmq_stopwatch_start ();
    sleep_ms (20);
    const unsigned long middle = zmq_stopwatch_intermediate (watch);
    CHECK (middle >= 19000);
    sleep_ms (5);
    CHECK (zmq_stopwatch_stop (watch) >= middle + 4000);
}

TEST_CASE ("zmq_sleep sleeps seconds")
{
    const Timer timer;
    zmq_sleep (1);
    CHECK (timer.reached (990));
    CHECK (timer.ms () < 4000);
}

TEST_CASE ("threads run and are joined by close")
{
    static std::atomic<int> ran;
    ran = 0;
    void *threads[4];
    for (void *&thread : threads) {
        thread = zmq_threadstart (
          [] (void *argument) {
              sleep_ms (10);
              *static_cast<std::atomic<int> *> (argument) += 1;
          },
          &ran);
        REQUIRE (thread);
    }
    for (void *thread : threads)
        zmq_threadclose (thread);
    CHECK (ran == 4);
}

namespace {
using TimersNew = void *();
using TimersDestroy = int (void **);
using TimerHandler = void (int, void *);
using TimersAdd = int (void *, size_t, TimerHandler *, void *);
using TimersId = int (void *, int);
using TimersInterval = int (void *, int, size_t);
using TimersTimeout = long (void *);
using TimersExecute = int (void *);

struct Timers
{
    TimersAdd *add = symbol<TimersAdd> ("zmq_timers_add");
    TimersId *cancel = symbol<TimersId> ("zmq_timers_cancel");
    TimersId *reset = symbol<TimersId> ("zmq_timers_reset");
    TimersInterval *set_interval = symbol<TimersInterval> ("zmq_timers_set_interval");
    TimersTimeout *timeout = symbol<TimersTimeout> ("zmq_timers_timeout");
    TimersExecute *execute = symbol<TimersExecute> ("zmq_timers_execute");
    TimersDestroy *destroy = symbol<TimersDestroy> ("zmq_timers_destroy");
    void *handle = symbol<TimersNew> ("zmq_timers_new") ();
    std::vector<int> fired;
    ~Timers () { destroy (&handle); }
    static void handler (int id, void *self) { static_cast<Timers *> (self)->fired.push_back (id); }
};

bool has_timers () { return find_symbol ("zmq_timers_new") != nullptr; }
}  // namespace

TEST_CASE ("timers: ids, time-out, firing, repeating")
{
    if (!has_timers ())
        return;
    Timers timers;
    CHECK (timers.timeout (timers.handle) == -1);
    CHECK (timers.execute (timers.handle) == 0);
    const int id = timers.add (timers.handle, 20, Timers::handler, &timers);
    CHECK (id >= 1);
    CHECK (timers.timeout (timers.handle) <= 20);
    CHECK (timers.timeout (timers.handle) > 0);
    CHECK (timers.execute (timers.handle) == 0);
    CHECK (timers.fired.empty ());
    for (int i = 1; i <= 3; ++i) {
        sleep_ms (static_cast<int> (timers.timeout (timers.handle)) + 1);
        CHECK (timers.timeout (timers.handle) == 0);
        CHECK (timers.execute (timers.handle) == 0);
        CHECK (timers.fired == std::vector<int> (static_cast<size_t> (i), id));
    }
    CHECK (timers.cancel (timers.handle, id) == 0);
    CHECK (timers.timeout (timers.handle) == -1);
}

TEST_CASE ("timers: errors")
{
    if (!has_timers ())
        return;
    Timers timers;
    CHECK_ERRNO (timers.cancel (timers.handle, 12345), EINVAL);
    CHECK_ERRNO (timers.reset (timers.handle, 12345), EINVAL);
    CHECK_ERRNO (timers.set_interval (timers.handle, 12345, 1), EINVAL);
    const int id = timers.add (timers.handle, 1000, Timers::handler, &timers);
    CHECK (timers.cancel (timers.handle, id) == 0);
    CHECK_ERRNO (timers.cancel (timers.handle, id), EINVAL);
    CHECK_ERRNO (timers.add (timers.handle, 10, nullptr, nullptr), EFAULT);
    CHECK_ERRNO (timers.add (nullptr, 10, Timers::handler, nullptr), EFAULT);
    CHECK_ERRNO (timers.execute (nullptr), EFAULT);
    void *nothing = nullptr;
    CHECK_ERRNO (timers.destroy (&nothing), EFAULT);
    if (ours ())  // Debian's reads through the null pointer
        CHECK_ERRNO (timers.destroy (nullptr), EFAULT);
}

TEST_CASE ("timers: in order of their time; reset and set_interval start anew")
{
    if (!has_timers ())
        return;
    Timers timers;
    const int late = timers.add (timers.handle, 30, Timers::handler, &timers);
    const int early = timers.add (timers.handle, 10, Timers::handler, &timers);
    CHECK (late != early);
    sleep_ms (35);
    CHECK (timers.execute (timers.handle) == 0);
    CHECK (timers.fired == std::vector<int>{early, late});
    CHECK (timers.set_interval (timers.handle, early, 5000) == 0);
    CHECK (timers.timeout (timers.handle) <= 30);
    CHECK (timers.set_interval (timers.handle, late, 1000) == 0);
    CHECK (timers.timeout (timers.handle) > 900);
    CHECK (timers.reset (timers.handle, late) == 0);
    CHECK (timers.timeout (timers.handle) <= 1000);
}

TEST_CASE ("our engine exports every function of libzmq's headers, draft ones included")
{
    if (oracle ())
        return;
    for (const char *name : {"zmq_poller_new",
                             "zmq_poller_destroy",
                             "zmq_poller_size",
                             "zmq_poller_add",
                             "zmq_poller_modify",
                             "zmq_poller_remove",
                             "zmq_poller_wait",
                             "zmq_poller_wait_all",
                             "zmq_poller_fd",
                             "zmq_poller_add_fd",
                             "zmq_poller_modify_fd",
                             "zmq_poller_remove_fd",
                             "zmq_ppoll",
                             "zmq_timers_new",
                             "zmq_timers_destroy",
                             "zmq_timers_add",
                             "zmq_timers_cancel",
                             "zmq_timers_set_interval",
                             "zmq_timers_reset",
                             "zmq_timers_timeout",
                             "zmq_timers_execute",
                             "zmq_ctx_set_ext",
                             "zmq_ctx_get_ext",
                             "zmq_socket_monitor_versioned",
                             "zmq_socket_monitor_pipes_stats",
                             "zmq_msg_init_buffer",
                             "zmq_msg_set_routing_id",
                             "zmq_msg_routing_id",
                             "zmq_msg_set_group",
                             "zmq_msg_group",
                             "zmq_join",
                             "zmq_leave",
                             "zmq_connect_peer",
                             "zmq_disconnect_peer",
                             "zmq_socket_get_peer_state"})
    {
        INFO (std::string (name));
        CHECK (find_symbol (name) != nullptr);
    }
}
