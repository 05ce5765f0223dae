// wire.hpp - a ZMTP peer made of a plain POSIX socket, for tests that look at or bend the bytes on the wire.
// Owns: connecting and accepting, greetings, frames, reading with a bound, closing and resetting.
// Leaves to others: judging what the engine under test does with it (the topics).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace conf {

// One frame of ZMTP 2.0 or later.
struct Frame
{
    uint8_t flags = 0;  // as received: 1 MORE, 2 LONG, 4 COMMAND
    std::string body;
    bool command () const { return (flags & 4) != 0; }
    bool more () const { return (flags & 1) != 0; }
    bool operator== (const Frame &) const = default;
};

namespace wire {
std::string u16 (uint16_t value);  // big-endian
std::string u32 (uint32_t value);
std::string u64 (uint64_t value);
std::string hex (std::string_view bytes);  // "ff 00 ..." for comparing and messages

// The 64 bytes of a 3.x greeting.
std::string greeting (uint8_t minor = 1, std::string_view mechanism = "NULL", uint8_t major = 3);
// flags, size in the short or long form as the size asks, body.
std::string frame (std::string_view body, uint8_t flags = 0);
// A command frame of that name.
std::string command (std::string_view name, std::string_view data = {});
std::string property (std::string_view name, std::string_view value);
// READY with Socket-Type and, when given, Identity.
std::string ready (std::string_view socket_type);
std::string ready (std::string_view socket_type, std::string_view identity);
// A ZMTP 1.0 frame.
std::string frame_v1 (std::string_view body, uint8_t flags = 0);
// The properties of a READY body (everything after its command string).
std::map<std::string, std::string> properties (std::string_view metadata);
}  // namespace wire

class Peer
{
  public:
    // Connects to tcp://127.0.0.1:port, tcp://[::1]:port or ipc://path.
    static Peer connect (const std::string &endpoint);
    // Takes over a connected descriptor.
    explicit Peer (int fd) : _fd (fd) {}
    Peer (Peer &&other) noexcept : _fd (other._fd) { other._fd = -1; }
    Peer &operator= (Peer &&other) noexcept;
    ~Peer ();

    void send (std::string_view bytes);  // throws unless all was written
    bool try_send (std::string_view bytes);
    std::string read (size_t count);                 // exactly that many; throws on close or after 5 s
    std::string read_available (int quiet_ms = 30);  // whatever comes until it is quiet or closed
    bool waiting (int ms);                           // bytes, or the end of the connection, can be read within that time
    Frame read_frame ();                             // next 2.0+ frame, PINGs included
    std::string read_frame_v1 (uint8_t *flags = nullptr);

    // Whole 3.x NULL handshake as `socket_type`; gives the properties of the engine's READY.
    std::map<std::string, std::string> handshake (std::string_view socket_type, uint8_t minor = 1);
    std::map<std::string, std::string> handshake_as (std::string_view socket_type, std::string_view identity);
    // Greeting and READY by hand; then reads both of the engine's.
    std::map<std::string, std::string> read_ready ();

    bool closed (int ms = 5000);  // the engine closed or reset the connection within that time, whatever it sent before
    bool open (int ms = 40);      // it is still open after that time
    void close ();
    void reset ();        // closes with RST
    void shut_writes ();  // FIN, reading stays possible
    int fd () const { return _fd; }
    int release ();

  private:
    int _fd;
};

// A listening descriptor on an ephemeral loopback port, or an ipc path.
class Listener
{
  public:
    Listener ();
    explicit Listener (const std::string &endpoint);
    ~Listener ();
    Listener (const Listener &) = delete;
    Listener &operator= (const Listener &) = delete;
    std::string endpoint () const { return _endpoint; }
    Peer accept (int ms = 5000);  // throws when nobody connects in that time
    bool nobody (int ms);         // true when nobody connects in that time
    void close ();

  private:
    int _fd = -1;
    std::string _endpoint;
};

}  // namespace conf
