// The messages of a simulation say who sent them, which of his they are, and what each part of them has to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace sim {

struct Stamp
{
    char topic = 'a';
    std::uint8_t part = 0;
    std::uint8_t parts = 1;
    std::uint8_t unused = 0;
    std::uint32_t magic = 0x5a4d5131;
    std::uint32_t sender = 0;
    std::uint32_t number = 0;
    std::uint32_t size = 0;  // of this part
};

// A body of at least a stamp's size.
void make_part (void *body, std::size_t size, Stamp stamp) noexcept;
// Broken if it is not as it was made.
Stamp check_part (const void *body, std::size_t size, const char *where);

// What arrived where: nothing twice, and what came over one connection in the order of sending.
class Ledger
{
  public:
    // `connection`: what tells the receiver's connections apart.
    void delivered (std::uint32_t receiver, const Stamp &stamp, int connection);
    std::uint32_t count (std::uint32_t receiver, std::uint32_t sender) const noexcept;
    // How many of the numbers from `from` up to `to` have not come.
    std::uint32_t missing (std::uint32_t receiver, std::uint32_t sender, std::uint32_t from, std::uint32_t to) const noexcept;

  private:
    struct Flow
    {
        std::vector<bool> seen;
        std::uint32_t count = 0;
        std::map<int, std::int64_t> last;  // of each connection
        int cached = -2;
        std::int64_t *cached_last = nullptr;
    };
    static std::uint64_t key (std::uint32_t receiver, std::uint32_t sender) noexcept { return std::uint64_t{receiver} << 32 | sender; }
    std::map<std::uint64_t, Flow> flows_;
};

}  // namespace sim
