// What a datagram transport supplies: a descriptor that is bound, or with it where to send to. What lies in the datagrams is zmtp/'s
// (datagram.hpp), everything else io/'s. One file a transport; table.cpp lists them beside those of bytes.
//
// Errors are errno values, 0 is success. Descriptors that come out are non-blocking and close-on-exec.
#pragma once

#include <string>
#include <string_view>

#include "base/socket_address.hpp"

namespace engine {

struct Options;

struct DatagramPort
{
    int fd = -1;
    std::string endpoint;  // what ZMQ_LAST_ENDPOINT says
    SocketAddress target;  // where everything goes; size 0: it was bound
};

struct DatagramTransport
{
    const char *name;

    // For zmq_bind and zmq_connect. May block in the name service.
    int (*bind) (const std::string &address, const Options &options, DatagramPort &out);
    int (*connect) (const std::string &address, const Options &options, DatagramPort &out);

    // One peer's address as a message says it, without the zero that libzmq puts behind it. EINVAL: it is none, or not of the descriptor's
    // family.
    int (*parse_peer) (std::string_view text, int family, SocketAddress &out) noexcept;
    // Empty: it has none.
    std::string (*peer_text) (const SocketAddress &address);
};

const DatagramTransport *find_datagram_transport (std::string_view name) noexcept;

}  // namespace engine
