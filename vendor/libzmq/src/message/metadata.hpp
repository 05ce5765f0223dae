// What is known about the peer a message came from: the properties of its handshake (RFC 37), of ZAP (RFC 27) and of the
// connection itself. Counted and otherwise immutable, so that every message of a connection refers to one object from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace engine {

class Metadata
{
  public:
    using Property = std::pair<std::string, std::string>;

    // An object with one reference, the caller's. Of equal names the first counts. `fd` is ZMQ_SRCFD and, if not negative, property "__fd".
    // Null: out of memory.
    static Metadata *create (std::span<const Property> properties, int fd = -1) noexcept;

    // The value, NUL-terminated and valid as long as the object; null if there is none. Names are compared exactly, but that
    // "Identity" and "Routing-Id" are two names of one property.
    const char *get (std::string_view name) const noexcept;
    int fd () const noexcept { return fd_; }  // -1: none

    // The stock: references that whoever makes messages hands out, and takes back, without an atomic operation. One lock guards
    // it; `lender` stands for that lock, and is forgotten when the stock is closed.
    void open_stock (const void *lender) noexcept { lender_.store (lender, std::memory_order_relaxed); }
    void lend () noexcept
    {
        if (stock_ == 0) [[unlikely]] {
            constexpr std::uint32_t bulk = 4096;
            acquire (bulk);
            stock_ = bulk;
        }
        --stock_;
    }
    // Gives up a message's reference, to the stock if it is this lender's, whose lock the caller holds.
    void give_back (const void *lender) noexcept
    {
        if (lender_.load (std::memory_order_relaxed) == lender)
            ++stock_;
        else
            release ();
    }
    // With it goes one reference of the caller's.
    void close_stock () noexcept
    {
        lender_.store (nullptr, std::memory_order_relaxed);
        release (std::exchange (stock_, 0) + 1);
    }

    void acquire (std::uint32_t count = 1) noexcept { references_.fetch_add (count, std::memory_order_relaxed); }
    void release (std::uint32_t count = 1) noexcept
    {
        if (references_.fetch_sub (count, std::memory_order_acq_rel) == count)
            destroy ();
    }

    Metadata (const Metadata &) = delete;
    Metadata &operator= (const Metadata &) = delete;

  private:
    Metadata () = default;
    ~Metadata () = default;
    void destroy () noexcept;
    const char *find (std::string_view name) const noexcept;

    // Behind the object: `count_` times name, NUL, value, NUL. A name has no NUL in it; a value is cut at its first one.
    const char *text () const noexcept { return reinterpret_cast<const char *> (this + 1); }

    std::atomic<std::uint32_t> references_{1};
    std::uint32_t stock_ = 0;
    std::atomic<const void *> lender_{nullptr};
    std::uint32_t count_ = 0;
    int fd_ = -1;
};

}  // namespace engine
