// The table of socket types; see socket_types.hpp.
#include "mechanism/socket_types.hpp"

#include <initializer_list>

namespace engine {

namespace {

// Numbers of zmq.h, which hides the draft ones in a stable build.
enum Number
{
    pair,
    pub,
    sub,
    req,
    rep,
    dealer,
    router,
    pull,
    push,
    xpub,
    xsub,
    stream,
    server,
    client,
    radio,
    dish,
    gather,
    scatter,
    dgram,
    peer,
    channel
};

constexpr std::uint32_t peers (std::initializer_list<Number> numbers)
{
    std::uint32_t bits = 0;
    for (const Number number : numbers)
        bits |= 1u << number;
    return bits;
}

constexpr SocketType table[] = {
  {pair, "PAIR", peers ({pair}), false},
  {pub, "PUB", peers ({sub, xsub}), false},
  {sub, "SUB", peers ({pub, xpub}), false},
  {req, "REQ", peers ({rep, router}), true},
  {rep, "REP", peers ({req, dealer}), false},
  {dealer, "DEALER", peers ({rep, dealer, router}), true},
  {router, "ROUTER", peers ({req, dealer, router}), true},
  {pull, "PULL", peers ({push}), false},
  {push, "PUSH", peers ({pull}), false},
  {xpub, "XPUB", peers ({sub, xsub}), false},
  {xsub, "XSUB", peers ({pub, xpub}), false},
  {stream, "STREAM", 0, false},  // raw bytes, no handshake
  {server, "SERVER", peers ({client}), false},
  {client, "CLIENT", peers ({server}), false},
  {radio, "RADIO", peers ({dish}), false},
  {dish, "DISH", peers ({radio}), false},
  {gather, "GATHER", peers ({scatter}), false},
  {scatter, "SCATTER", peers ({gather}), false},
  {dgram, "DGRAM", peers ({dgram}), false},
  {peer, "PEER", peers ({peer}), false},
  {channel, "CHANNEL", peers ({channel}), false},
};

constexpr bool in_order ()
{
    int expected = 0;
    for (const SocketType &row : table)
        if (row.number != expected++)
            return false;
    return true;
}
static_assert (in_order ());

}  // namespace

std::span<const SocketType> socket_types () noexcept { return table; }

const SocketType *find_socket_type (int number) noexcept
{
    return number >= 0 && static_cast<std::size_t> (number) < std::size (table) ? &table[number] : nullptr;
}

const SocketType *find_socket_type (std::string_view name) noexcept
{
    for (const SocketType &row : table)
        if (row.name == name)
            return &row;
    return nullptr;
}

bool accepts_peer (int own, std::string_view peer_name) noexcept
{
    const SocketType *mine = find_socket_type (own);
    const SocketType *theirs = find_socket_type (peer_name);
    return mine && theirs && (mine->compatible >> theirs->number & 1);
}

}  // namespace engine
