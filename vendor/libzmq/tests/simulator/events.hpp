// Reads along the events of a socket's monitor, and requires of them that connections only go the ways there are: made, then shaken hands
// or not, then ended, each once.
#pragma once

#include <cstdint>
#include <set>

namespace sim {

class Events
{
  public:
    // Of a socket that has no endpoint yet. False: it cannot be had.
    bool open (void *context, void *socket, const char *name);
    // Whatever has happened since.
    void read ();
    void close ();

  private:
    void take (std::uint16_t event, std::uint32_t value);

    void *reader_ = nullptr;
    const char *name_ = "";
    std::set<std::uint32_t> up_;    // descriptors of connections
    std::set<std::uint32_t> over_;  // likewise, which have ended
    std::uint64_t made_ = 0, shaken_ = 0;
};

}  // namespace sim
