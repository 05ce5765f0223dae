// What a handshake is told about our side, and why it failed: shared by the greeting (zmtp/handshake.hpp) and by the mechanisms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mechanism/secrets.hpp"

namespace engine {

// Everything about our side that the peer is told or that decides what we accept. Copied from the socket's options when the
// connection is made.
struct HandshakeConfig
{
    int socket_type = 0;                // ZMQ_PAIR ...
    std::string routing_id;             // sent as Identity by REQ, DEALER, ROUTER
    bool want_peer_routing_id = false;  // ROUTER, REP
    bool phantom_subscription = false;  // PUB, XPUB: an unversioned 1.0 peer is subscribed to everything
    int mechanism = 0;                  // ZMQ_NULL, ZMQ_PLAIN, ZMQ_CURVE
    bool as_server = false;
    std::string zap_domain;
    bool zap_enforce_domain = false;
    std::string plain_username;
    std::string plain_password;
    CurveKey curve_publickey{};
    SecretKey curve_secretkey;
    CurveKey curve_serverkey{};
    std::optional<CurveKey> curve_own_key;                              // a server's public key, if it is known already
    std::int64_t max_message_size = -1;                                 // bytes a frame, < 0 unlimited
    std::vector<std::pair<std::string, std::string>> metadata;          // X- properties, in order of name
    std::string peer_address;                                           // becomes property Peer-Address
    std::vector<std::pair<std::string, std::string>> connection_facts;  // properties as well; the peer announces none of these names
    int fd = -1;                                                        // becomes property __fd (ZMQ_SRCFD)
};

// Why it failed, as a monitor event says it.
struct HandshakeFailure
{
    int event = 0;         // ZMQ_EVENT_HANDSHAKE_FAILED_*, 0: DISCONNECTED only
    int value = 0;         // protocol error code, status code or errno
    bool protocol = true;  // true: an active side gives the connection up for good
};

}  // namespace engine
