// Reads along what the engine's ends of a connection write, with a reader of ZMTP 3 of its own (RFC 37; NULL and PLAIN), and requires of
// it: frames are well-formed; traffic begins only when the handshake is complete, which for who has to hear of that means that it has read
// the peer's last word; nothing follows an ERROR; handshake commands come in their order and only once. A connection that turns out to be
// none of ZMTP 3 is not looked at further.
#pragma once

#include <cstdint>
#include <span>

namespace sim {

struct Connection;

class Wire
{
  public:
    // `plain`: the mechanism is PLAIN, and the server is that end.
    Wire (Connection &connection, bool plain, int server) noexcept : connection_ (connection), plain_ (plain), server_ (server) {}

    // Before the bytes are spoiled by anybody.
    void sent (int side, std::span<const std::uint8_t> bytes);
    // Both ends have done all that their handshakes ask of them, and have read it of the other.
    bool agreed () const noexcept;
    bool watches () const noexcept { return watches_; }

  private:
    enum class Phase : std::uint8_t
    {
        greeting,
        handshake,
        traffic,
        error  // was said
    };
    struct Reader
    {
        Phase phase = Phase::greeting;
        std::uint64_t position = 0;  // of the next byte
        std::uint8_t greeting_size = 0;
        std::uint8_t header[9];
        std::uint8_t header_size = 0;
        std::uint64_t body_left = 0;
        bool in_body = false;
        bool in_message = false;
        std::uint8_t start[16];  // of a command's body
        std::uint8_t start_size = 0;
        std::uint8_t commands = 0;    // of the handshake, so far
        std::uint64_t last_word = 0;  // where the command ends with which the handshake does, for the peer
    };
    void header_done (int side);
    void body_done (int side);
    bool may_send_traffic (int side) const noexcept;

    Connection &connection_;
    const bool plain_;
    const int server_;
    bool watches_ = true;
    Reader reader_[2];
};

}  // namespace sim
