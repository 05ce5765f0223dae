// draft.hpp - the draft socket types: their numbers, functions that not every library exports, messages with routing ids and groups.
// Owns: asking whether there are drafts, sending and receiving one frame with what is on it.
// Leaves to others: ordinary messages (harness.hpp), what the types do (topics/draft_*.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness.hpp"

// Topics about drafts say nothing of a library without them.
#define NEEDS_DRAFTS()                                                                                                                     \
    if (!zmq_has ("draft"))                                                                                                                \
    return

namespace conf {

// The stable zmq.h leaves these names out.
inline constexpr int type_server = 12;
inline constexpr int type_client = 13;
inline constexpr int type_radio = 14;
inline constexpr int type_dish = 15;
inline constexpr int type_gather = 16;
inline constexpr int type_scatter = 17;
inline constexpr int type_peer = 19;
inline constexpr int type_channel = 20;

struct DraftType
{
    int number;
    const char *name;
    int peer;  // the type it talks to
    bool sends, receives;
};
inline constexpr DraftType draft_types[] = {
  {type_server, "SERVER", type_client, true, true},   {type_client, "CLIENT", type_server, true, true},
  {type_radio, "RADIO", type_dish, true, false},      {type_dish, "DISH", type_radio, false, true},
  {type_gather, "GATHER", type_scatter, false, true}, {type_scatter, "SCATTER", type_gather, true, false},
  {type_peer, "PEER", type_peer, true, true},         {type_channel, "CHANNEL", type_channel, true, true},
};

// The functions, by their names in C.
int join (void *socket, const std::string &group);
int leave (void *socket, const std::string &group);
uint32_t connect_peer (void *socket, const std::string &endpoint);
int disconnect_peer (void *socket, uint32_t routing_id);

// One frame and what is on it.
struct Letter
{
    std::string body;
    uint32_t routing_id = 0;
    std::string group = {};
    bool operator== (const Letter &) const = default;
};
std::ostream &operator<< (std::ostream &out, const Letter &letter);

// What zmq_msg_send returns; errno is its own.
int try_send_letter (void *socket, const Letter &letter, int flags = ZMQ_DONTWAIT);
// Waits for room; throws if it is refused.
void send_letter (void *socket, const Letter &letter);
// The next one, waiting up to `patience`; throws when none comes.
Letter recv_letter (void *socket);

// Endpoints of every transport, to bind.
std::vector<std::string> every_endpoint (const TempDir &folder);

}  // namespace conf
