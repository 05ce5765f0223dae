// message.hpp - what the messages say, so that a lost, doubled, reordered, mixed up or damaged one is told from a good one.
// Owns: a message's parts and numbers, checking a sender's order, counting what several receivers share.
// Leaves to others: sending and receiving (end.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "random.hpp"

namespace stress {

// What a round throws when the library did something wrong; the text says what.
struct Failure : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

// A call that no thread has to expect it from said ETERM: right once the round has shut its contexts down, and the end of the thread.
struct ShutDown
{};

enum class Kind : std::uint8_t
{
    data,
    hello,  // to get going; never counted
    last    // the sender says no more
};

struct Message
{
    std::vector<std::string> envelope;  // routing ids and delimiters before the parts
    std::uint32_t sender = 0;
    std::uint32_t number = 0;  // the sender's own count
    Kind kind = Kind::data;
    std::vector<std::uint32_t> sizes;  // of the parts, bytes
};

// At the beginning of each part; the rest is filled with what follows from it.
struct PartHeader
{
    std::uint32_t sender;
    std::uint32_t number;
    std::uint32_t size;
    Kind kind;
    std::uint8_t part;
    std::uint8_t parts;
    std::uint8_t filler;
};
static_assert (sizeof (PartHeader) == 16);

// Draws a number of parts and their sizes.
void draw_parts (Message &message, Random &random, int parts, int size);
// Fills one part of sizes[part] bytes.
void write_part (const Message &message, std::size_t part, void *to) noexcept;
// Takes a received part over; throws Failure unless it is the next of its message and undamaged.
void read_part (Message &message, const void *from, std::size_t size, bool more);

// One receiver's account of its senders: each sender's numbers follow one another.
class Ledger
{
  public:
    // `shared`: others receive as well, so that numbers are left out, but still they rise.
    explicit Ledger (bool shared = false) noexcept : _shared (shared) {}
    void note (const Message &message);

  private:
    const bool _shared;
    std::map<std::uint32_t, std::uint32_t> _next;  // by sender
};

// What all receivers together have got of all senders together: each message once.
class Tally
{
  public:
    explicit Tally (std::uint32_t senders) : _marks (senders) {}
    // By the sender, before it sends.
    std::uint32_t next_number (std::uint32_t sender);
    void received (const Message &message);
    // Which numbers of which senders have not come; for a round that failed.
    std::string missing () const;
    std::uint64_t sent () const noexcept { return _sent.load (std::memory_order_acquire); }
    std::uint64_t received () const noexcept { return _received.load (std::memory_order_acquire); }

    static constexpr std::uint32_t most = 1 << 17;  // messages of one sender

  private:
    struct Marks
    {
        std::atomic<std::uint32_t> next{0};
        std::unique_ptr<std::atomic<bool>[]> seen { new std::atomic<bool>[ most ]() };
    };
    std::vector<Marks> _marks;
    std::atomic<std::uint64_t> _sent{0};
    std::atomic<std::uint64_t> _received{0};
};

}  // namespace stress
