// Every fact about a socket type, in one table: its names, whom it talks to, what the rest of the engine has to know of it, and how
// its pattern is made. A row is in the file of its type (patterns.hpp lists them). Whoever has to treat types differently asks for a
// trait here; nobody compares numbers. RFC 37 and the patterns' own RFCs (28, 29, 30, 31, 41, 48, 49, 52).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace engine {

class FrameCheck;
class Pattern;
class PatternHost;

// How a message lies in datagrams.
enum class DatagramForm : std::uint8_t
{
    none,      // it does not
    grouped,   // zmtp/datagram.hpp; one frame with its group on it
    addressed  // the body is all there is, and the frame before it the peer's address
};

struct SocketType
{
    int number = -1;                     // ZMQ_PAIR ...
    const char *name = "";               // Socket-Type property
    std::uint32_t compatible = 0;        // bit (1 << number) for each type of peer it accepts; 0: no peer speaks ZMTP
    bool sends_identity = false;         // puts an Identity property into its READY: REQ, DEALER, ROUTER
    bool wants_peer_routing_id = false;  // ROUTER, REP; they have ZMQ_ROUTER_NOTIFY
    bool wants_subscriptions = false;    // PUB, XPUB: subscribe/cancel commands are put into the pipe; others discard them
    bool wants_groups = false;           // RADIO: join/leave commands likewise
    bool publishes = false;              // PUB, XPUB, RADIO: never waits for a peer, what finds no room is lost
    bool subscribes = false;             // SUB, XSUB, DISH: subscriptions are kept whatever the limits
    bool answers_requests = false;       // REP, ROUTER: may be ZAP's handler
    bool must_answer = false;            // REP: a request received has to be answered before anything else is
    bool receives_only = false;          // PULL, SUB, DISH, GATHER: sending is ENOTSUP
    bool no_linger_by_default = false;   // SUB, XSUB, DISH
    bool raw = false;                    // STREAM: bytes instead of ZMTP; has ZMQ_STREAM_NOTIFY
    bool conflatable = false;            // DEALER PUSH PULL PUB SUB
    bool connects_once = false;          // DEALER SUB PUB REQ: a second connect to the same endpoint does nothing
    bool sends_hello = false;            // DEALER ROUTER REP CLIENT SERVER PEER: ZMQ_HELLO_MSG means something
    bool hears_disconnect = false;       // ROUTER REP SERVER PEER: ZMQ_DISCONNECT_MSG
    bool hears_hiccup = false;           // DEALER CLIENT PEER: ZMQ_HICCUP_MSG
    bool can_monitor = false;            // PAIR PUB PUSH: may carry a monitor's events
    bool thread_safe = false;            // ZMQ_THREAD_SAFE: messages are single frames, there is no ZMQ_FD; whole messages are safe on all
    bool single_frames = false;       // SERVER CLIENT RADIO GATHER SCATTER PEER CHANNEL: on the wire, too; what has more parts is dropped
    bool connects_to_number = false;  // PEER: zmq_connect_peer
    DatagramForm connects_datagrams = DatagramForm::none;  // RADIO: what it may do with a datagram transport
    DatagramForm binds_datagrams = DatagramForm::none;     // DISH, DGRAM
    std::unique_ptr<Pattern> (*make) (PatternHost &host) = nullptr;
    std::unique_ptr<FrameCheck> (*make_frame_check) () = nullptr;  // may be null

    // True if it talks to a peer that calls itself this.
    bool accepts_peer (std::string_view peer_name) const noexcept;
};

std::span<const SocketType *const> socket_types () noexcept;  // in order of number
const SocketType *find_socket_type (int number) noexcept;     // null: there is none
const SocketType *find_socket_type (std::string_view name) noexcept;

}  // namespace engine
