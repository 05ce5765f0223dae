#include "transport/tipc.hpp"

#include <cerrno>

#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/plain_stream.hpp"
#include "transport/tipc_address.hpp"

namespace engine {

namespace {

std::string endpoint_text (const TipcAddress &address) { return "tipc://" + tipc_text (address); }

std::string endpoint_text (const SocketAddress &address)
{
    TipcAddress found;
    return from_system (address.storage, address.size, found) ? endpoint_text (found) : std::string ();
}

int check_connect (const std::string &address, const Options &)
{
    TipcAddress found;
    if (const int error = parse_tipc_connect (address, found))
        return error;
    return check_family (tipc_family ());
}

int resolve (const std::string &address, const Options &, std::vector<DialTarget> &out)
{
    TipcAddress found;
    if (const int error = parse_tipc_connect (address, found))
        return error;
    DialTarget target;
    target.address.size = to_system (found, target.address.storage);
    out.push_back (std::move (target));
    return 0;
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    TipcAddress found;
    bool chosen = false;
    if (const int error = parse_tipc_bind (address, found, chosen))
        return error;
    SocketAddress name;
    if (!chosen)
        name.size = to_system (found, name.storage);
    int fd = -1;
    if (const int error = plain_listen (tipc_family (), name, options.backlog, fd))
        return error;
    // (The system tells the socket's own id only.)
    SocketAddress bound;
    if (!chosen)
        out.endpoint = endpoint_text (found);
    else if (local_address (fd, bound) == 0)
        out.endpoint = endpoint_text (bound);
    out.fd = fd;
    return 0;
}

std::string canonical (const std::string &address, const Options &)
{
    TipcAddress found;
    bool chosen = false;
    return parse_tipc_bind (address, found, chosen) == 0 && !chosen ? endpoint_text (found) : "tipc://" + address;
}

std::string local_endpoint (int fd)
{
    SocketAddress address;
    return local_address (fd, address) == 0 ? endpoint_text (address) : std::string ();
}

std::string remote_endpoint (int fd)
{
    SocketAddress address;
    return remote_address (fd, address) == 0 ? endpoint_text (address) : std::string ();
}

std::string peer_address (int fd)
{
    SocketAddress address;
    TipcAddress found;
    return remote_address (fd, address) == 0 && from_system (address.storage, address.size, found) ? tipc_text (found) : std::string ();
}

}  // namespace

constinit const Transport tipc_transport = {
  .name = "tipc",
  .check_connect = check_connect,
  .resolves_at_once = [] (const std::string &, const Options &) { return true; },
  .resolve = resolve,
  .listen = listen,
  .unlisten = plain_unlisten,
  .dial = plain_dial,
  .finish = plain_finish,
  .accept = plain_accept,
  .canonical = canonical,
  .local_endpoint = local_endpoint,
  .remote_endpoint = remote_endpoint,
  .peer_address = peer_address,
};

}  // namespace engine
