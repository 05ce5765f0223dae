// Running out of descriptors while peers wait: they are told, and nobody spins.
#include "transport/accept_reserve.hpp"

#include <memory>

#include <sys/resource.h>

#include "transport/loopback.hpp"

using namespace engine;
using namespace loopback;

namespace {

// Lets the process open no descriptor more than it has.
class NoDescriptorsLeft
{
  public:
    NoDescriptorsLeft ()
    {
        REQUIRE (::getrlimit (RLIMIT_NOFILE, &before_) == 0);
        const int lowest_free = ::dup (0);
        REQUIRE (lowest_free >= 0);
        ::close (lowest_free);
        rlimit now = before_;
        now.rlim_cur = static_cast<rlim_t> (lowest_free);
        REQUIRE (::setrlimit (RLIMIT_NOFILE, &now) == 0);
    }
    ~NoDescriptorsLeft () { ::setrlimit (RLIMIT_NOFILE, &before_); }
    NoDescriptorsLeft (const NoDescriptorsLeft &) = delete;
    NoDescriptorsLeft &operator= (const NoDescriptorsLeft &) = delete;

  private:
    rlimit before_{};
};

}  // namespace

TEST_CASE ("accept reserve: waiting peers are closed when there are no descriptors")
{
    const Options options;
    for (const char *transport : {"tcp", "ipc"}) {
        CAPTURE (transport);
        const Directory directory;
        const bool is_tcp = std::string (transport) == "tcp";
        const Bound bound (transport, is_tcp ? "127.0.0.1:*" : directory.file ("s"), options);
        REQUIRE (bound.error () == 0);
        std::vector<Descriptor> clients (3);
        for (Descriptor &client : clients)
            REQUIRE (connect_to (transport, bound.address (), options, client) == 0);
        REQUIRE (wait_for (bound.fd (), POLLIN));
        AcceptReserve reserve;
        REQUIRE (reserve.armed ());
        {
            const NoDescriptorsLeft none;
            int fd = 0;
            CHECK (find_transport (transport)->accept (bound.fd (), options, fd) == EMFILE);
            CHECK (fd == -1);
            CHECK (reserve.shed (bound.fd (), 2) == 2);
            CHECK (reserve.armed ());
            CHECK (reserve.shed (bound.fd ()) == 1);
            CHECK (reserve.shed (bound.fd ()) == 0);
            CHECK (reserve.armed ());
        }
        for (const Descriptor &client : clients)
            CHECK (sees_end (client.get ()));
        // There are descriptors again, and so are connections.
        Descriptor client;
        Descriptor server;
        REQUIRE (connect_to (transport, bound.address (), options, client) == 0);
        CHECK (accept_from (transport, bound, options, server) == 0);
    }
}

TEST_CASE ("accept reserve: made without a descriptor, it takes one when it can")
{
    const Options options;
    const Bound bound ("tcp", "127.0.0.1:*", options);
    const auto none = std::make_unique<NoDescriptorsLeft> ();
    AcceptReserve reserve;
    CHECK (!reserve.armed ());
    CHECK (reserve.shed (bound.fd ()) == 0);
    CHECK (!reserve.armed ());
}
