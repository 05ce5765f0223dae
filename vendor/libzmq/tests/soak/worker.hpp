// One thread of a soak. What it does next is drawn: it makes sockets in contexts that all threads share, binds, connects, sends, receives,
// disconnects, unbinds and closes, in any order, and sometimes ends a context that others are using.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace soak {

// What was done, of all threads.
struct Tally
{
    std::atomic<std::uint64_t> sockets{0}, binds{0}, connects{0}, disconnects{0}, unbinds{0}, closes{0}, terms{0}, sent{0}, received{0};
};

// The contexts, and the endpoints that are bound just now.
class Ground
{
  public:
    explicit Ground (int contexts) : slots_ (static_cast<std::size_t> (contexts)) {}

    // A context that stays until the last who has it lets go; it may be shut down meanwhile.
    std::shared_ptr<void> context (std::size_t slot);
    // Puts another in its place; sockets of the old one get ETERM.
    void replace (std::size_t slot, Tally &tally);
    void clear ();

    void publish (const std::string &endpoint);
    void withdraw (const std::string &endpoint);
    std::string any_endpoint (std::minstd_rand &random);

  private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<void>> slots_;
    std::vector<std::string> endpoints_;
};

class Worker
{
  public:
    Worker (Ground &ground, Tally &tally, std::uint32_t seed, int number, int contexts);

    // Until `stop`; leaves no socket.
    void run (const std::atomic<bool> &stop);

  private:
    struct Socket
    {
        std::shared_ptr<void> context;
        void *handle = nullptr;
        std::vector<std::string> bound, connected;
    };
    void step ();
    void open ();
    void close (std::size_t at);
    void bind (Socket &socket);
    void connect (Socket &socket);
    void part (Socket &socket);
    void talk (Socket &socket);
    // What a call may not fail with ends the program.
    void expect (int result, const char *call);
    unsigned below (unsigned limit) { return static_cast<unsigned> (random_ () % limit); }

    Ground &ground_;
    Tally &tally_;
    std::minstd_rand random_;
    const int number_;
    const unsigned contexts_;
    unsigned names_ = 0;
    std::vector<Socket> sockets_;
};

}  // namespace soak
