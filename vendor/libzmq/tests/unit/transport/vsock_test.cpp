// vsock: the text of its addresses, and what can be done with them where there is no second machine.
#include "transport/vsock.hpp"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "loopback.hpp"
#include "transport/plain_stream.hpp"
#include "transport/vsock_address.hpp"

using namespace engine;
using namespace loopback;

namespace {

std::string parsed (std::string_view text, bool wildcards)
{
    VsockAddress address;
    const int error = parse_vsock_address (text, wildcards, address);
    return error ? "error " + std::to_string (error) : vsock_text (address);
}
const std::string invalid = "error " + std::to_string (EINVAL);

}  // namespace

TEST_CASE ("vsock address: numbers, the host, and wildcards for bind")
{
    for (const bool wildcards : {false, true}) {
        CHECK (parsed ("3:5555", wildcards) == "3:5555");
        CHECK (parsed ("@:5555", wildcards) == "2:5555");
        CHECK (parsed ("4294967294:4294967294", wildcards) == "4294967294:4294967294");
        CHECK (parsed ("3:0", wildcards) == "3:0");
        for (const char *text :
             {"", ":", "3", "3:", ":5", "3:x", "x:5", "3:5x", "-1:5", "3:-1", "4294967295:5", "3:4294967295", "3:99999999999", "3:5:6"})
        {
            CAPTURE (std::string (text));
            CHECK (parsed (text, wildcards) == invalid);
        }
    }
    CHECK (parsed ("*:5555", true) == "*:5555");
    CHECK (parsed ("3:*", true) == "3:4294967295");
    CHECK (parsed ("*:5555", false) == invalid);
    CHECK (parsed ("3:*", false) == invalid);
}

TEST_CASE ("vsock address: as the system has it, and back")
{
    SocketAddress system;
    system.size = to_system (VsockAddress{3, 5555}, system.storage);
    VsockAddress back;
    REQUIRE (from_system (system.storage, system.size, back));
    CHECK (back.cid == 3);
    CHECK (back.port == 5555);
    CHECK_FALSE (from_system (system.storage, 4, back));
    system.get ()->sa_family = AF_INET;
    CHECK_FALSE (from_system (system.storage, system.size, back));
}

TEST_CASE ("vsock: listens where the system has it, and says that it has not where it has not")
{
    Listening listening;
    const Options options;
    const int error = vsock_transport.listen ("*:*", options, listening);
    CHECK (vsock_transport.check_connect ("3", options) == EINVAL);
    if (check_family (vsock_family ()) != 0) {
        CHECK (error == EAFNOSUPPORT);
        CHECK (vsock_transport.check_connect ("3:5", options) == EAFNOSUPPORT);
        MESSAGE ("the rest is not run: this system has no AF_VSOCK");
        return;
    }
    REQUIRE (error == 0);
    CHECK (vsock_transport.check_connect ("3:5", options) == 0);
    CHECK (non_blocking (listening.fd));
    CHECK (listening.endpoint.starts_with ("vsock://*:"));
    CHECK (listening.endpoint != "vsock://*:4294967295");
    CHECK (vsock_transport.canonical (listening.endpoint.substr (8), options) == listening.endpoint);
    CHECK (vsock_transport.local_endpoint (listening.fd) == listening.endpoint);
    int taken = -1;
    CHECK (vsock_transport.accept (listening.fd, options, taken) == EAGAIN);
    Listening other;
    CHECK (vsock_transport.listen (listening.endpoint.substr (8), options, other) == EADDRINUSE);

    // CID 1 is this machine, if the system lets machines speak with themselves.
    std::vector<DialTarget> targets;
    REQUIRE (vsock_transport.resolve ("1" + listening.endpoint.substr (9), options, targets) == 0);
    int dialled = -1;
    const int outcome = vsock_transport.dial (targets.front (), options, dialled);
    const Descriptor client (dialled);
    if (outcome == EINPROGRESS) {
        pollfd item{listening.fd, POLLIN, 0};
        if (::poll (&item, 1, 200) == 1) {
            REQUIRE (vsock_transport.accept (listening.fd, options, taken) == 0);
            const Descriptor server (taken);
            CHECK (vsock_transport.peer_address (taken) == "1");
            CHECK (vsock_transport.remote_endpoint (dialled).starts_with ("vsock://1:"));
        } else {
            MESSAGE ("a connection was not tried: there is no vsock_loopback here");
        }
    }
    vsock_transport.unlisten (listening);
}
