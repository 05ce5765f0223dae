// What a byte-stream transport supplies: names, listening, dialling, accepting. Everything after that (streams, handshakes,
// reconnecting) is io/'s and the same for all of them. One file a transport; table.cpp lists them. inproc has no bytes and lives in core/.
//
// Errors are errno values, 0 is success. Descriptors that come out are non-blocking and close-on-exec.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/socket_address.hpp"

namespace engine {

class ByteStream;  // byte_stream.hpp
struct Options;    // options/options.hpp

// "transport://address" taken apart; both parts non-empty. EINVAL otherwise.
struct EndpointName
{
    std::string transport;
    std::string address;
};
int parse_endpoint (std::string_view text, EndpointName &out);

struct Listening
{
    int fd = -1;
    std::string endpoint;             // what ZMQ_LAST_ENDPOINT says
    std::vector<std::string> unlink;  // files, then directories, to remove when it is closed

    // What the first of those files was when it was made; it is removed only if it still is that, and by the process that made it.
    dev_t file_device = 0;
    ino_t file_inode = 0;
    pid_t owner = 0;
};

// One way to reach a peer: a name may resolve to several.
struct DialTarget
{
    SocketAddress address;
    SocketAddress source;    // size 0: any
    std::string socks_host;  // non-empty: `address` is the proxy's; host and port to ask it for
    std::uint16_t socks_port = 0;
    std::string http_host;  // ws: what its request says of the peer and of what is wanted there
    std::string http_path;
    std::string host;  // the target's as the endpoint names it, and its port, for layers that have to know; empty with most transports
    std::uint16_t port = 0;
};

struct Transport
{
    const char *name;

    // Syntax of zmq_connect's address. Never blocks.
    int (*check_connect) (const std::string &address, const Options &options);
    // True if resolve() will not block (numeric addresses, paths).
    bool (*resolves_at_once) (const std::string &address, const Options &options);
    // May block in the name service. Called again before each attempt.
    int (*resolve) (const std::string &address, const Options &options, std::vector<DialTarget> &out);
    // May block in the name service. Creates, tunes, binds and listens.
    int (*listen) (const std::string &address, const Options &options, Listening &out);
    void (*unlisten) (Listening &listening) noexcept;  // closes the descriptor, removes files
    // Starts connecting: 0 connected, EINPROGRESS (wait for writable, then finish()), or an errno with fd = -1.
    int (*dial) (const DialTarget &target, const Options &options, int &fd);
    int (*finish) (int fd, const Options &options) noexcept;  // outcome of a connect in progress (SO_ERROR), then tuning
    // Takes one connection. EAGAIN none; ECONNREFUSED: taken and closed because a filter refused it; other errno as accept(2).
    int (*accept) (int listen_fd, const Options &options, int &fd) noexcept;
    // Canonical form of a name given to unbind/disconnect, for comparison with the endpoints in use.
    std::string (*canonical) (const std::string &address, const Options &options);
    std::string (*local_endpoint) (int fd);  // "tcp://127.0.0.1:5555"; empty if unknown
    std::string (*remote_endpoint) (int fd);
    std::string (*peer_address) (int fd);  // Peer-Address property: numeric IP; ipc: "localhost:uid:gid:pid"

    // Put the layers (byte_layer.hpp) onto a connection that was just made, or accepted; null: its bytes are the descriptor's. Their
    // opening exchange is the caller's.
    int (*layers_on_dialled) (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept = nullptr;
    int (*layers_on_accepted) (ByteStream &bytes, const Options &options) noexcept = nullptr;

    // What a bind or connect makes of the options once, for all its connections; `options` are the endpoint's own. 0, or why they will not
    // do. May block on files.
    int (*prepare) (Options &options, bool binds) = nullptr;
};

std::span<const Transport *const> transport_table () noexcept;
const Transport *find_transport (std::string_view name) noexcept;

}  // namespace engine
