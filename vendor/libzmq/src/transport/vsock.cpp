#include "transport/vsock.hpp"

#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/plain_stream.hpp"
#include "transport/vsock_address.hpp"

namespace engine {

namespace {

std::string endpoint_text (const SocketAddress &address)
{
    VsockAddress found;
    return from_system (address.storage, address.size, found) ? "vsock://" + vsock_text (found) : std::string ();
}

int check_connect (const std::string &address, const Options &)
{
    VsockAddress found;
    if (const int error = parse_vsock_address (address, false, found))
        return error;
    return check_family (vsock_family ());
}

int resolve (const std::string &address, const Options &, std::vector<DialTarget> &out)
{
    VsockAddress found;
    if (const int error = parse_vsock_address (address, false, found))
        return error;
    DialTarget target;
    target.address.size = to_system (found, target.address.storage);
    out.push_back (std::move (target));
    return 0;
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    int fd = options.use_fd;
    if (fd >= 0) {
        if (const int error = adopt_listener (fd, vsock_family (), vsock_family (), options.backlog))
            return error;
    } else {
        VsockAddress found;
        if (const int error = parse_vsock_address (address, true, found))
            return error;
        SocketAddress name;
        name.size = to_system (found, name.storage);
        if (const int error = plain_listen (vsock_family (), name, options.backlog, fd))
            return error;
    }
    SocketAddress bound;
    if (local_address (fd, bound) == 0)
        out.endpoint = endpoint_text (bound);
    out.fd = fd;
    return 0;
}

std::string canonical (const std::string &address, const Options &)
{
    VsockAddress found;
    return "vsock://" + (parse_vsock_address (address, true, found) == 0 ? vsock_text (found) : address);
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

// The machine.
std::string peer_address (int fd)
{
    SocketAddress address;
    VsockAddress found;
    return remote_address (fd, address) == 0 && from_system (address.storage, address.size, found) ? std::to_string (found.cid)
                                                                                                   : std::string ();
}

}  // namespace

constinit const Transport vsock_transport = {
  .name = "vsock",
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
