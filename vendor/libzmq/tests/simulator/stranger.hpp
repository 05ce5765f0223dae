// Peers that are no engine of ours, played byte by byte: those that speak ZMTP 1.0 and 2.0 (RFC 13, RFC 15), and those that speak none,
// never finish, or send messages before they have said who they are. Of the latter nothing may be delivered, and little may be read.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernel.hpp"

namespace sim {

class Stranger
{
  public:
    enum class Kind : std::uint8_t
    {
        browser,      // an HTTP request and what follows
        silent,       // part of a greeting, or nothing
        impatient,    // a greeting, and messages in place of a handshake
        boaster,      // a command of more bytes than anybody has
        pusher_of_1,  // PUSH of ZMTP 1.0, whose messages count
        pusher_of_2
    };

    // End 0 of a connection is its own.
    Stranger (Kind kind, std::shared_ptr<Connection> connection, std::uint32_t sender, Random random);
    bool is_peer () const noexcept { return kind_ >= Kind::pusher_of_1; }
    std::uint32_t sender () const noexcept { return sender_; }
    // Writes what it can, and reads what has come.
    void turn ();
    // How much of what it has sent the engine has read.
    void was_read (std::uint64_t bytes);
    // The connection has ended, or it ends it.
    bool gone () const noexcept { return gone_; }
    void leave ();
    bool moves () const noexcept;

    std::uint32_t sent_messages = 0;
    std::uint32_t most_messages = 20;

  private:
    bool is_over () const noexcept;
    void say (const void *bytes, std::size_t size);
    void say_message ();

    const Kind kind_;
    const std::shared_ptr<Connection> connection_;
    const std::uint32_t sender_;
    Random random_;
    bool gone_ = false;
    std::vector<std::uint8_t> to_say_;
    std::uint64_t heard_ = 0;
};

}  // namespace sim
