// endpoints_ipc.cpp - ipc addresses: paths, abstract names, wildcards, what stays in the file system.
#include "harness.hpp"
#include "wire.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace conf;
namespace fs = std::filesystem;

TEST_CASE ("a path connects two sockets in both directions of bind")
{
    TempDir dir;
    Context ctx;
    {
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        CHECK (pull.bind (dir.ipc ("a")) == dir.ipc ("a"));
        CHECK (fs::is_socket (dir.path ("a")));
        push.connect (dir.ipc ("a"));
        CHECK (push.text (ZMQ_LAST_ENDPOINT) == dir.ipc ("a"));
        send (push, Msg{"one", "two"});
        CHECK (recv (pull) == Msg{"one", "two"});
    }
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.bind (dir.ipc ("b"));
    pull.connect (dir.ipc ("b"));
    send (push, std::string (100000, 'x'));
    CHECK (recv (pull) == Msg{std::string (100000, 'x')});
}

TEST_CASE ("connect before bind")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10);
    push.connect (dir.ipc ());
    send (push, "early");
    sleep_ms (5);
    pull.bind (dir.ipc ());
    CHECK (recv (pull) == Msg{"early"});
}

TEST_CASE ("an abstract name leaves no file")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    const std::string endpoint = "ipc://@" + unique_name ("abstract");
    CHECK (pull.bind (endpoint) == endpoint);
    push.connect (endpoint);
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
    CHECK_FALSE (fs::exists (endpoint.substr (6)));
    Socket other (ctx, ZMQ_PULL);
    CHECK_ERRNO (zmq_bind (other, endpoint.c_str ()), EADDRINUSE);
    CHECK_ERRNO (zmq_bind (other, "ipc://@"), EINVAL);
    CHECK_ERRNO (zmq_connect (other, "ipc://@"), EINVAL);
}

TEST_CASE ("the wildcard makes a name of its own, removed on close")
{
    TempDir dir;
    const std::string old = getenv ("TMPDIR") ? getenv ("TMPDIR") : "";
    setenv ("TMPDIR", dir.path (".").c_str (), 1);
    Context ctx;
    Socket one (ctx, ZMQ_PULL), two (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    const std::string first = one.bind ("ipc://*"), second = two.bind ("ipc://*");
    if (old.empty ())
        unsetenv ("TMPDIR");
    else
        setenv ("TMPDIR", old.c_str (), 1);
    CHECK (first != second);
    CHECK (first.starts_with ("ipc://" + dir.path (".")));
    const fs::path path = first.substr (6);
    CHECK (fs::is_socket (path));
    CHECK ((fs::status (path.parent_path ()).permissions () & fs::perms::mask) == fs::perms::owner_all);
    push.connect (first);
    send (push, "x");
    CHECK (recv (one) == Msg{"x"});
    CHECK (one.close () == 0);
    CHECK (wait_until ([&] { return !fs::exists (path) && !fs::exists (path.parent_path ()); }));
}

TEST_CASE ("a path longer than 107 bytes is ENAMETOOLONG")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string limit (107, 'x');
    CHECK_ERRNO (zmq_bind (pull, ("ipc:///" + limit).c_str ()), ENAMETOOLONG);
    CHECK_ERRNO (zmq_connect (pull, ("ipc:///" + limit).c_str ()), ENAMETOOLONG);
    TempDir dir;
    const std::string prefix = dir.path ("");
    CHECK (zmq_bind (pull, ("ipc://" + prefix + std::string (107 - prefix.size (), 'y')).c_str ()) == 0);
}

TEST_CASE ("a directory that does not exist, or is none")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    CHECK_ERRNO (zmq_bind (pull, dir.ipc ("no/such/place").c_str ()), ENOENT);
    std::ofstream (dir.path ("file")) << "x";
    CHECK_ERRNO (zmq_bind (pull, dir.ipc ("file/below").c_str ()), ENOTDIR);
}

TEST_CASE ("a file left by an earlier program is replaced")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    std::ofstream (dir.path ()) << "left over";
    if (ours ()) {
        // Somebody's data is not ours to remove; an empty file is.
        CHECK_ERRNO (zmq_bind (pull, dir.ipc ().c_str ()), EADDRINUSE);
        std::ofstream (dir.path (), std::ios::trunc);
    }
    pull.bind (dir.ipc ());
    push.connect (dir.ipc ());
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("a socket file left by a program that died is replaced")
{
    TempDir dir;
    Listener (dir.ipc ()).close ();  // its file stays
    CHECK (fs::is_socket (dir.path ()));
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    pull.bind (dir.ipc ());
    push.connect (dir.ipc ());
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("a second bind takes the name over")
{
    TempDir dir;
    Context ctx;
    Socket old (ctx, ZMQ_PULL), now (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    old.bind (dir.ipc ());
    if (ours ()) {
        // A live listener keeps its name.
        CHECK_ERRNO (zmq_bind (now, dir.ipc ().c_str ()), EADDRINUSE);
        return;
    }
    now.bind (dir.ipc ());
    push.connect (dir.ipc ());
    send (push, "x");
    CHECK (recv (now) == Msg{"x"});
    CHECK (silent (old));
}

TEST_CASE ("unbind and bind again with the same name")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    for (int i = 0; i < 5; ++i) {
        pull.bind (dir.ipc ());
        CHECK (zmq_unbind (pull, dir.ipc ().c_str ()) == 0);
    }
    CHECK_ERRNO (zmq_unbind (pull, dir.ipc ().c_str ()), ENOENT);
    pull.bind (dir.ipc ("t"));
    Socket push (ctx, ZMQ_PUSH);
    push.connect (dir.ipc ("t"));
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("ipc carries the same bytes as tcp")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.bind (dir.ipc ());
    Peer peer = Peer::connect (dir.ipc ());
    CHECK (peer.handshake ("PUSH")["Socket-Type"] == "PULL");
    peer.send (wire::frame ("raw"));
    CHECK (recv (pull) == Msg{"raw"});
}

TEST_CASE ("IPC_FILTER_UID lets its user in")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    pull.set (ZMQ_IPC_FILTER_UID, static_cast<int> (getuid ()));
    pull.bind (dir.ipc ());
    push.connect (dir.ipc ());
    send (push, "x");
    CHECK (recv (pull) == Msg{"x"});
}

TEST_CASE ("IPC_FILTER_PID keeps other processes out")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_IPC_FILTER_PID, static_cast<int> (getpid ()) + 1);
    pull.bind (dir.ipc ());
    Peer peer = Peer::connect (dir.ipc ());
    CHECK (peer.closed ());
}

TEST_CASE ("disconnect by the path")
{
    TempDir dir;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.connect (dir.ipc ());
    CHECK (zmq_disconnect (push, dir.ipc ().c_str ()) == 0);
    CHECK_ERRNO (zmq_disconnect (push, dir.ipc ().c_str ()), ENOENT);
}

TEST_CASE ("a relative path is relative to the working directory")
{
    TempDir dir;
    const fs::path before = fs::current_path ();
    fs::current_path (dir.path ("."));
    {
        Context ctx;
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        CHECK (pull.bind ("ipc://relative") == "ipc://relative");
        CHECK (fs::is_socket (dir.path ("relative")));
        push.connect ("ipc://relative");
        send (push, "x");
        CHECK (recv (pull) == Msg{"x"});
    }
    fs::current_path (before);
}
