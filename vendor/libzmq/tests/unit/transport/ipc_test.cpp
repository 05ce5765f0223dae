// Unix-domain sockets: names, the files behind them, who may take whose name, credentials and filters.
#include <climits>
#include <cstring>
#include <fstream>

#include <sys/un.h>

#include "transport/ipc_path.hpp"
#include "transport/loopback.hpp"

using namespace engine;
using namespace loopback;

namespace {

const Transport &ipc () { return *find_transport ("ipc"); }

void check_round (const Options &options, const std::string &address, const std::string &endpoint)
{
    const Bound bound ("ipc", address, options);
    REQUIRE (bound.error () == 0);
    if (!endpoint.empty ())
        CHECK (bound.endpoint () == endpoint);
    CHECK (ipc ().local_endpoint (bound.fd ()) == bound.endpoint ());
    CHECK (non_blocking (bound.fd ()));
    int none = 0;
    CHECK (ipc ().accept (bound.fd (), options, none) == EAGAIN);
    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("ipc", bound.address (), options, client) == 0);
    REQUIRE (accept_from ("ipc", bound, options, server) == 0);
    CHECK (non_blocking (client.get ()));
    CHECK (non_blocking (server.get ()));
    CHECK (ipc ().remote_endpoint (client.get ()) == bound.endpoint ());
    CHECK (ipc ().local_endpoint (server.get ()) == bound.endpoint ());
    CHECK (ipc ().remote_endpoint (server.get ()).empty ());
#ifdef __linux__
    const std::string peer =
      "localhost:" + std::to_string (::getuid ()) + ':' + std::to_string (::getgid ()) + ':' + std::to_string (::getpid ());
    CHECK (ipc ().peer_address (server.get ()) == peer);
    CHECK (ipc ().peer_address (client.get ()) == peer);
#endif
    check_exchange (client.get (), server.get ());
}

std::string abstract_name (const char *what) { return "@zmq-unit-" + std::string (what) + '-' + std::to_string (::getpid ()); }

// The file of a listener that died without cleaning up.
void leave_stale (const std::string &path)
{
    const Descriptor fd (::socket (AF_UNIX, SOCK_STREAM, 0));
    SocketAddress address;
    REQUIRE (parse_ipc_address (path, address) == 0);
    REQUIRE (::bind (fd.get (), address.get (), address.size) == 0);
    REQUIRE (::listen (fd.get (), 1) == 0);
}

class WorkingDirectory
{
  public:
    explicit WorkingDirectory (const std::string &path) : before_ (::getcwd (buffer_, sizeof buffer_))
    {
        REQUIRE (::chdir (path.c_str ()) == 0);
    }
    ~WorkingDirectory () { CHECK (::chdir (before_.c_str ()) == 0); }
    WorkingDirectory (const WorkingDirectory &) = delete;
    WorkingDirectory &operator= (const WorkingDirectory &) = delete;

  private:
    char buffer_[PATH_MAX] = {};
    std::string before_;
};

// Sets the variables that choose where wildcards go, and puts them back.
class TemporaryVariables
{
  public:
    TemporaryVariables ()
    {
        for (const char *name : names) {
            const char *value = std::getenv (name);
            saved_.emplace_back (value != nullptr, value != nullptr ? value : "");
            ::unsetenv (name);
        }
    }
    ~TemporaryVariables ()
    {
        for (std::size_t i = 0; i < saved_.size (); ++i)
            if (saved_[i].first)
                ::setenv (names[i], saved_[i].second.c_str (), 1);
            else
                ::unsetenv (names[i]);
    }
    TemporaryVariables (const TemporaryVariables &) = delete;
    TemporaryVariables &operator= (const TemporaryVariables &) = delete;

  private:
    static constexpr const char *names[] = {"TMPDIR", "TEMPDIR", "TMP"};
    std::vector<std::pair<bool, std::string>> saved_;
};

}  // namespace

TEST_CASE ("ipc: names")
{
    SocketAddress address;
    CHECK (parse_ipc_address ("", address) == EINVAL);
    CHECK (parse_ipc_address ("@", address) == EINVAL);
    CHECK (parse_ipc_address (std::string_view ("a\0b", 3), address) == EINVAL);
    CHECK (parse_ipc_address (std::string (107, 'a'), address) == 0);
    CHECK (ipc_endpoint_text (address) == "ipc://" + std::string (107, 'a'));
    CHECK (parse_ipc_address (std::string (108, 'a'), address) == ENAMETOOLONG);
    CHECK (parse_ipc_address ('@' + std::string (106, 'a'), address) == 0);
    CHECK (ipc_endpoint_text (address) == "ipc://@" + std::string (106, 'a'));
    CHECK (parse_ipc_address ('@' + std::string (107, 'a'), address) == ENAMETOOLONG);
    CHECK (parse_ipc_address ("*", address) == 0);  // only bind reads it as a wildcard
    CHECK (ipc_endpoint_text (SocketAddress{}).empty ());

    const Options options;
    CHECK (ipc ().check_connect ("@", options) == EINVAL);
    CHECK (ipc ().check_connect ("/no/such/file", options) == 0);
    CHECK (ipc ().check_connect (std::string (108, 'a'), options) == ENAMETOOLONG);
    CHECK (ipc ().resolves_at_once ("x", options));
    CHECK (ipc ().canonical ("a/../b", options) == "ipc://a/../b");
}

TEST_CASE ("ipc: connections by path and by relative path")
{
    const Directory directory;
    const Options options;
    check_round (options, directory.file ("s"), "ipc://" + directory.file ("s"));
    CHECK (!exists (directory.file ("s")));
    const WorkingDirectory inside (directory.path ());
    check_round (options, "relative", "ipc://relative");
    CHECK (!exists (directory.file ("relative")));
}

#ifdef __linux__
TEST_CASE ("ipc: abstract names")
{
    const Options options;
    const std::string name = abstract_name ("round");
    check_round (options, name, "ipc://" + name);
    check_round (options, name, "ipc://" + name);
    const Bound first ("ipc", name, options);
    REQUIRE (first.error () == 0);
    CHECK (Bound ("ipc", name, options).error () == EADDRINUSE);
}
#endif

TEST_CASE ("ipc: wildcards")
{
    const Directory directory;
    const TemporaryVariables variables;
    const Options options;
    ::setenv ("TMPDIR", "/no/such/directory", 1);
    ::setenv ("TEMPDIR", directory.path ().c_str (), 1);
    for (const char *address : {"*", "*anything"}) {
        Bound bound ("ipc", address, options);
        REQUIRE (bound.error () == 0);
        const std::string path = bound.address ();
        CHECK (path.rfind (directory.path () + "/tmp", 0) == 0);
        CHECK (path.substr (path.rfind ('/')) == "/socket");
        const std::string made = path.substr (0, path.rfind ('/'));
        struct stat status;
        REQUIRE (::stat (made.c_str (), &status) == 0);
        CHECK ((status.st_mode & 0777) == 0700);
        Descriptor client;
        CHECK (connect_to ("ipc", path, options, client) == 0);
        bound.close ();
        CHECK (!exists (path));
        CHECK (!exists (made));
    }
    check_round (options, "*", "");

    // Without any variable: the current directory, and the files are found again from another one.
    ::unsetenv ("TMPDIR");
    ::unsetenv ("TEMPDIR");
    Listening listening;
    {
        const WorkingDirectory inside (directory.path ());
        REQUIRE (ipc ().listen ("*", options, listening) == 0);
    }
    CHECK (listening.endpoint.rfind ("ipc://tmp", 0) == 0);
    const std::string made = directory.file (listening.endpoint.substr (6, 9));
    CHECK (exists (made));
    ipc ().unlisten (listening);
    CHECK (listening.fd == -1);
    CHECK (!exists (made));

    // A directory too deep for a socket leaves nothing behind.
    const std::string deep = directory.file (std::string (90, 'd'));
    REQUIRE (::mkdir (deep.c_str (), 0700) == 0);
    ::setenv ("TMPDIR", deep.c_str (), 1);
    CHECK (Bound ("ipc", "*", options).error () == ENAMETOOLONG);
    CHECK (::rmdir (deep.c_str ()) == 0);
}

TEST_CASE ("ipc: what listen refuses")
{
    const Directory directory;
    const Options options;
    CHECK (Bound ("ipc", "@", options).error () == EINVAL);
    CHECK (Bound ("ipc", directory.file (std::string (108, 'x')), options).error () == ENAMETOOLONG);
    CHECK (Bound ("ipc", directory.file ("no/such"), options).error () == ENOENT);
    CHECK (Bound ("ipc", "/dev/null/x", options).error () == ENOTDIR);
    CHECK (Bound ("ipc", directory.path (), options).error () == EADDRINUSE);
    CHECK (Bound ("ipc", "/dev/null", options).error () == EADDRINUSE);
    const std::string file = directory.file ("document");
    std::ofstream (file) << "text";
    CHECK (Bound ("ipc", file, options).error () == EADDRINUSE);
    CHECK (exists (file));
}

TEST_CASE ("ipc: the file of a dead listener is replaced")
{
    const Directory directory;
    const Options options;
    const std::string path = directory.file ("s");
    leave_stale (path);
    REQUIRE (exists (path));
    check_round (options, path, "");
    const Descriptor reserved (::open (path.c_str (), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE (reserved.valid ());
    check_round (options, path, "");
    REQUIRE (::symlink ("/no/such/file", path.c_str ()) == 0);
    check_round (options, path, "");
}

TEST_CASE ("ipc: a live listener keeps its name")
{
    const Directory directory;
    const Options options;
    const std::string path = directory.file ("s");
    const Bound first ("ipc", path, options);
    REQUIRE (first.error () == 0);
    CHECK (Bound ("ipc", path, options).error () == EADDRINUSE);
    CHECK (exists (path));
    Descriptor probe;  // the attempt above looked in
    CHECK (accept_from ("ipc", first, options, probe) == 0);
    CHECK (sees_end (probe.get ()));
    Descriptor client;
    Descriptor server;
    REQUIRE (connect_to ("ipc", path, options, client) == 0);
    REQUIRE (accept_from ("ipc", first, options, server) == 0);
    check_exchange (client.get (), server.get ());
}

TEST_CASE ("ipc: closing removes our own file and nobody else's")
{
    const Directory directory;
    const Options options;
    const std::string path = directory.file ("s");
    Listening listening;
    REQUIRE (ipc ().listen (path, options, listening) == 0);
    // Somebody takes the name away (libzmq does).
    REQUIRE (::unlink (path.c_str ()) == 0);
    leave_stale (path);
    ipc ().unlisten (listening);
    CHECK (exists (path));
    // After a fork the child leaves the parent's file alone.
    REQUIRE (ipc ().listen (path, options, listening) == 0);
    listening.owner = ::getppid ();
    ipc ().unlisten (listening);
    CHECK (exists (path));
    ipc ().unlisten (listening);  // twice does no harm
}

TEST_CASE ("ipc: nobody there")
{
    const Directory directory;
    const Options options;
    Descriptor client;
    CHECK (connect_to ("ipc", directory.file ("none"), options, client) == ENOENT);
    leave_stale (directory.file ("stale"));
    CHECK (connect_to ("ipc", directory.file ("stale"), options, client) == ECONNREFUSED);
}

TEST_CASE ("ipc: a full backlog is an error, not an attempt")
{
    const Directory directory;
    Options options;
    options.backlog = 0;
    const Bound bound ("ipc", directory.file ("s"), options);
    REQUIRE (bound.error () == 0);
    std::vector<Descriptor> clients (16);
    int last = 0;
    for (Descriptor &client : clients)
        if ((last = connect_to ("ipc", bound.address (), options, client)) != 0)
            break;
    CHECK (last == EAGAIN);
    CHECK (Bound ("ipc", bound.address (), options).error () == EADDRINUSE);
}

TEST_CASE ("ipc: a listener supplied by the application keeps its file")
{
    const Directory directory;
    const std::string path = directory.file ("own");
    Descriptor own (::socket (AF_UNIX, SOCK_STREAM, 0));
    SocketAddress address;
    REQUIRE (parse_ipc_address (path, address) == 0);
    REQUIRE (::bind (own.get (), address.get (), address.size) == 0);
    REQUIRE (::listen (own.get (), 3) == 0);
    Options options;
    options.use_fd = own.get ();
    {
        const Bound bound ("ipc", path, options);
        REQUIRE (bound.error () == 0);
        CHECK (bound.fd () == own.release ());
        CHECK (bound.endpoint () == "ipc://" + path);
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to ("ipc", path, Options (), client) == 0);
        REQUIRE (accept_from ("ipc", bound, options, server) == 0);
    }
    CHECK (exists (path));
    const Descriptor internet (::socket (AF_INET, SOCK_STREAM, 0));
    options.use_fd = internet.get ();
    CHECK (Bound ("ipc", path, options).error () == EINVAL);
}

#ifdef __linux__
TEST_CASE ("ipc: filters by process, user and group")
{
    const Directory directory;
    const auto outcome = [&] (const Options &options) {
        const Bound bound ("ipc", directory.file ("s"), options);
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to ("ipc", bound.address (), options, client) == 0);
        const int result = accept_from ("ipc", bound, options, server);
        if (result != 0)
            CHECK (sees_end (client.get ()));
        return result;
    };
    Options options;
    CHECK (outcome (options) == 0);
    options.ipc_filter_pid = {::getpid () + 1};
    CHECK (outcome (options) == ECONNREFUSED);
    options.ipc_filter_pid = {::getpid () + 1, ::getpid ()};
    CHECK (outcome (options) == 0);
    options.ipc_filter_pid = {};
    options.ipc_filter_uid = {::getuid () + 1};
    CHECK (outcome (options) == ECONNREFUSED);
    options.ipc_filter_gid = {::getgid ()};
    CHECK (outcome (options) == 0);
    options.ipc_filter_gid = {0x7ffffff0};
    CHECK (outcome (options) == ECONNREFUSED);
    options.ipc_filter_uid = {::getuid ()};
    CHECK (outcome (options) == 0);
}
#endif
