// See greeting.hpp.
#include "zmtp/greeting.hpp"

#include <algorithm>

#include "zmtp/big_endian.hpp"

namespace engine {

namespace {

constexpr std::size_t signature_size = 10;
constexpr std::size_t major_at = 10;
constexpr std::size_t minor_at = 11;
constexpr std::size_t short_size = 12;  // of peers of ZMTP 1.0 (versioned) and 2.0
constexpr std::size_t mechanism_at = 12;
constexpr std::size_t mechanism_size = 20;

std::array<std::uint8_t, mechanism_size> padded (std::string_view name) noexcept
{
    std::array<std::uint8_t, mechanism_size> field{};
    std::copy_n (name.begin (), std::min (name.size (), field.size ()), field.begin ());
    return field;
}

}  // namespace

void Greeting::begin (std::size_t routing_id_size, std::vector<std::uint8_t> &out)
{
    std::uint8_t signature[signature_size] = {0xff};
    put_u64 (signature + 1, routing_id_size + 1);
    signature[signature_size - 1] = 0x7f;
    out.insert (out.end (), signature, signature + signature_size);
}

std::size_t Greeting::feed (std::span<const std::uint8_t> bytes, std::vector<std::uint8_t> &out)
{
    std::size_t used = 0;
    while (state_ == State::in_progress && used < bytes.size ()) {
        const std::size_t count = std::min (goal () - size_, bytes.size () - used);
        const bool reached = size_ + count == goal ();
        std::copy_n (bytes.begin () + static_cast<std::ptrdiff_t> (used), count, held_.begin () + static_cast<std::ptrdiff_t> (size_));
        size_ += count;
        used += count;
        if (reached)
            decide (out);
    }
    return used;
}

// The next point of decision.
std::size_t Greeting::goal () const noexcept
{
    return size_ < 1 ? 1 : size_ < signature_size ? signature_size : size_ <= major_at ? major_at + 1 : full_;
}

void Greeting::decide (std::vector<std::uint8_t> &out)
{
    if (size_ == 1) {
        if (held_[0] != 0xff)
            state_ = State::unversioned;
    } else if (size_ == signature_size) {
        if (held_[signature_size - 1] & 1)
            out.push_back (3);
        else
            state_ = State::unversioned;
    } else if (size_ == major_at + 1) {
        answer_major (held_[major_at], out);
    } else {
        if (has_mechanism ())
            framing_ = held_[major_at] == 3 && held_[minor_at] == 0 ? &zmtp::v3_0 : &zmtp::v3_1;
        state_ = State::done;
    }
}

void Greeting::answer_major (std::uint8_t major, std::vector<std::uint8_t> &out)
{
    if (major <= 1) {
        full_ = short_size;
        framing_ = major == 0 ? &zmtp::v1 : &zmtp::v2;
        out.push_back (socket_type_);
        return;
    }
    std::array<std::uint8_t, full_size - minor_at> rest{1};
    std::ranges::copy (padded (mechanism_), rest.begin () + 1);
    out.insert (out.end (), rest.begin (), rest.end ());
}

bool Greeting::same_mechanism () const noexcept
{
    return std::ranges::equal (padded (mechanism_), std::span (held_).subspan (mechanism_at, mechanism_size));
}

}  // namespace engine
