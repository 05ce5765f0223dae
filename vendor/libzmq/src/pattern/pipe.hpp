// A pipe as a pattern sees it: two bounded queues of messages between this socket and one peer, whatever lies between.
//
// Every call is made with the socket's strand held; none blocks. Only writable() and write() may call back, with write_activated for any
// pipe of the socket, when what they find full gets room by writing to the network. Limits count whole messages.
#pragma once

#include <cstdint>
#include <string>

#include "message/msg.hpp"

namespace engine {

class Pipe
{
  public:
    virtual ~Pipe () = default;

    // ---- inbound ----
    // True if a whole message is there (or the rest of one whose first frame was read). False counts as a read that found nothing:
    // Pattern::read_activated follows.
    virtual bool readable () noexcept = 0;
    // Takes the next frame into `out` (whose old content is released). False if there is none: then Pattern::read_activated is
    // called once when there is one again. Once the first frame of a message was read, the others are there.
    virtual bool read (Msg &out) noexcept = 0;

    // ---- outbound ----
    // True if another message would be taken. False: then Pattern::write_activated is called once there is room.
    virtual bool writable () noexcept = 0;
    // Takes a frame (leaving `frame` empty). Only the first frame of a message can be refused for want of room (frame
    // untouched); any frame is refused once the pipe is closing. The message becomes visible to the peer with its last frame.
    virtual bool write (Msg &frame) noexcept = 0;
    // Takes a frame regardless of the limit (routing ids, welcome messages, subscriptions). False only if closing.
    virtual bool write_unlimited (Msg &frame) noexcept = 0;
    // Drops the frames of an unfinished outbound message.
    virtual void rollback () noexcept = 0;

    // ---- life ----
    // The peer is gone or the pipe is being ended: writes are refused, complete messages received before stay readable.
    virtual bool closing () const noexcept = 0;
    // The pattern wants this pipe gone (for a network pipe: its connection too). Pattern::detach follows before the
    // current API call returns; unread messages are dropped.
    virtual void terminate () noexcept = 0;
    // The application is done with the peer (STREAM): as terminate(), but what was written before goes out first.
    virtual void finish () noexcept { terminate (); }

    // ---- facts; set before Pattern::attach or, for the peer's id of a connecting pipe, before Pattern::identified ----
    std::string peer_routing_id;  // what the peer announced; empty if nothing
    // Created inside a connect call (ROUTER's CONNECT_ROUTING_ID looks at it): the peer's id may be announced by identified() only.
    // False for a pipe that IMMEDIATE=1 creates after the handshake: its peer is known at attach.
    bool connected_by_us = false;
    bool is_inproc = false;
    // What is written and read is one frame with its group on it (RADIO, DISH). False: the group is a frame of its own, before the body.
    bool carries_group = false;
    // The peer says nothing of the groups it wants, so that it gets all (RADIO over udp).
    bool takes_all_groups = false;

    // ---- counters: whole messages that were read and sent, and bytes of frames; of all connections that this pipe has had ----
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;

    // ---- for the pattern's own use: positions in its lists, and whatever it hangs on a pipe ----
    std::uint32_t in_index = 0;
    std::uint32_t out_index = 0;
    void *pattern_data = nullptr;
    std::uint32_t number = 0;  // what SERVER and PEER call the peer
};

}  // namespace engine
