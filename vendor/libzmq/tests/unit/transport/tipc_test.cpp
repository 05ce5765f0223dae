// tipc: the text of its addresses, and the error where the system is without it.
#include "transport/tipc.hpp"

#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "loopback.hpp"
#include "transport/plain_stream.hpp"
#include "transport/tipc_address.hpp"

using namespace engine;

namespace {

const std::string invalid = "error " + std::to_string (EINVAL);

std::string bound (std::string_view text)
{
    TipcAddress address;
    bool chosen = false;
    const int error = parse_tipc_bind (text, address, chosen);
    return error ? "error " + std::to_string (error) : chosen ? "chosen" : tipc_text (address);
}
std::string connected (std::string_view text)
{
    TipcAddress address;
    const int error = parse_tipc_connect (text, address);
    return error ? "error " + std::to_string (error) : tipc_text (address);
}

}  // namespace

TEST_CASE ("tipc address: services and ids")
{
    CHECK (bound ("{5555,0,100}") == "{5555,0,100}");
    CHECK (bound ("{4294967295,1,1}") == "{4294967295,1,1}");
    CHECK (bound ("<*>") == "chosen");
    CHECK (connected ("{5555,7}") == "{5555,7}");
    CHECK (connected ("{5555,7}@1.2.3") == "{5555,7}@1.2.3");
    CHECK (connected ("{5555,7}@0.0.0") == "{5555,7}");
    CHECK (connected ("<1.10.4095:123>") == "<1.10.4095:123>");
    for (const char *text :
         {"", "{", "{}", "{1}", "{1,2}", "{1,2,3", "{1,2,3}x", "{1,3,2}", "{-1,2,3}", "{1, 2,3}", "{99999999999,1,2}", "<1.1.1:5>", "<*"})
    {
        CAPTURE (std::string (text));
        CHECK (bound (text) == invalid);
    }
    for (const char *text : {"", "<*>", "{1,2,3}", "{1}", "{1,2}@", "{1,2}@1.2", "{1,2}@1.2.3.4", "{1,2}@256.0.0", "{1,2}@0.4096.0",
                             "{1,2}@0.0.4096", "<1.1.1>", "<1.1.1:5", "<1.1.1:5>x", "<:5>"})
    {
        CAPTURE (std::string (text));
        CHECK (connected (text) == invalid);
    }
}

TEST_CASE ("tipc address: as the system has it, and back")
{
    const auto there_and_back = [] (const TipcAddress &address) {
        sockaddr_storage system;
        const socklen_t size = to_system (address, system);
        TipcAddress back;
        REQUIRE (from_system (system, size, back));
        CHECK_FALSE (from_system (system, 3, back));
        return tipc_text (back);
    };
    TipcAddress address;
    bool chosen = false;
    REQUIRE (parse_tipc_bind ("{5555,1,2}", address, chosen) == 0);
    CHECK (there_and_back (address) == "{5555,1,2}");
    for (const char *text : {"{5555,7}@1.2.3", "<1.10.100:123>"}) {
        REQUIRE (parse_tipc_connect (text, address) == 0);
        CHECK (there_and_back (address) == text);
    }
}

TEST_CASE ("tipc: a system without it says so at once")
{
    const Options options;
    Listening listening;
    CHECK (tipc_transport.listen ("{5555}", options, listening) == EINVAL);
    CHECK (tipc_transport.check_connect ("<*>", options) == EINVAL);
    const int error = tipc_transport.listen ("{5555,0,0}", options, listening);
    if (check_family (tipc_family ()) != 0) {
        CHECK (error == EAFNOSUPPORT);
        CHECK (tipc_transport.check_connect ("{5555,0}", options) == EAFNOSUPPORT);
        MESSAGE ("the rest is not run: this system has no AF_TIPC");
        return;
    }
    REQUIRE (error == 0);
    CHECK (listening.endpoint == "tipc://{5555,0,0}");
    std::vector<DialTarget> targets;
    REQUIRE (tipc_transport.resolve ("{5555,0}@0.0.0", options, targets) == 0);
    int dialled = -1;
    const int outcome = tipc_transport.dial (targets.front (), options, dialled);
    const Descriptor client (dialled);
    CHECK ((outcome == 0 || outcome == EINPROGRESS));
    int taken = -1;
    if (loopback::wait_for (listening.fd, POLLIN))
        CHECK (tipc_transport.accept (listening.fd, options, taken) == 0);
    const Descriptor server (taken);
    tipc_transport.unlisten (listening);
}
