// What a TopicMap is made of: buckets, blocks in which the keys that begin alike lie packed, and branches that part them by a byte. How
// each comes, grows, shrinks and goes; where which of them is needed is topic_map.cpp's.
//
// What allocates throws std::bad_alloc and has then changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

namespace engine::topics {

using Code = std::uint32_t;  // of a key; 0: none

struct Branch;
struct Bucket;

// What is below a byte: nothing, a branch, or a bucket (the lowest bit says which).
class Slot
{
  public:
    Slot () = default;
    explicit Slot (Branch *branch) noexcept : bits_ (reinterpret_cast<std::uintptr_t> (branch)) {}
    explicit Slot (Bucket *bucket) noexcept : bits_ (reinterpret_cast<std::uintptr_t> (bucket) | 1) {}

    explicit operator bool () const noexcept { return bits_ != 0; }
    Branch *branch () const noexcept { return bits_ & 1 ? nullptr : reinterpret_cast<Branch *> (bits_); }
    Bucket *bucket () const noexcept { return bits_ & 1 ? reinterpret_cast<Bucket *> (bits_ - 1) : nullptr; }

  private:
    std::uintptr_t bits_ = 0;
};

// A key in a bucket: what is left of it there, how many bytes that takes (one byte, or five if it is long), and its code.
struct Entry
{
    static constexpr unsigned char is_long = 255;

    explicit Entry (unsigned char *at) noexcept
    {
        std::uint32_t size = *at++;
        if (size == is_long) {
            std::memcpy (&size, at, sizeof size);
            at += sizeof size;
        }
        code_at = at;
        rest = {reinterpret_cast<const char *> (at) + sizeof (Code), size};
    }
    Code code () const noexcept
    {
        Code code;
        std::memcpy (&code, code_at, sizeof code);
        return code;
    }
    void set_code (Code code) const noexcept { std::memcpy (code_at, &code, sizeof code); }
    unsigned char *end () const noexcept { return code_at + sizeof (Code) + rest.size (); }

    std::string_view rest;
    unsigned char *code_at;
};

// Entries one behind the other, in order of their bytes.
struct Bucket
{
    unsigned char *begin () noexcept { return reinterpret_cast<unsigned char *> (this + 1); }
    unsigned char *end () noexcept { return begin () + used; }

    std::uint32_t used;      // bytes of entries
    std::uint32_t capacity;  // bytes
    std::uint32_t count;     // entries
};

// An entry whose key is `rest` takes so many bytes.
std::size_t size_of_entry (std::size_t rest) noexcept;

constexpr std::size_t longest_entry = UINT32_MAX / 4;  // bytes, and of all in a bucket together

Bucket *new_bucket (std::size_t bytes);
// An entry whose key is made of two pieces. There is room.
void append (Bucket &bucket, std::string_view head, std::string_view tail, Code code) noexcept;
// Where it belongs among the others of the slot's bucket.
void insert_into (Slot &slot, std::string_view rest, Code code);
void erase_from (Bucket &bucket, unsigned char *entry) noexcept;
// Gives back what a bucket does not need, if that is much. Without memory for a smaller one it stays.
void shrink (Slot &slot) noexcept;
inline void free_bucket (Bucket *bucket) noexcept { ::operator delete (bucket); }

struct Branch
{
    std::string_view label () const noexcept { return {label_size <= sizeof near ? near : far, label_size}; }
    // The block of children: `capacity` slots, then as many bytes, both in order of the byte.
    Slot *slots () const noexcept { return static_cast<Slot *> (children); }
    unsigned char *keys () const noexcept { return reinterpret_cast<unsigned char *> (slots () + capacity); }
    unsigned position (unsigned char next) const noexcept  // count: there is none
    {
        if (count == 0)
            return 0;
        const void *found = std::memchr (keys (), next, count);
        return found ? static_cast<unsigned> (static_cast<const unsigned char *> (found) - keys ()) : count;
    }

    Branch *parent = nullptr;
    void *children = nullptr;
    union
    {
        char near[sizeof (char *)];
        char *far;
    };
    std::uint32_t label_size = 0;  // bytes that all keys below have in common
    Code code = 0;                 // of the key that ends after the label
    std::uint16_t count = 0;
    std::uint16_t capacity = 0;
    unsigned char byte = 0;  // the one below which the parent has this
};

Branch *new_branch (std::string_view label, unsigned children);
// The label may be part of the old one.
void set_label (Branch &branch, std::string_view label);
// Not what is below it.
void free_branch (Branch *branch) noexcept;
// Room for one more, which insert_child() needs.
void reserve_child (Branch &branch);
void insert_child (Branch &branch, unsigned char byte, Slot child) noexcept;
void remove_child (Branch &branch, unsigned at) noexcept;
// The first branch, in order, that has no branch below it: the given one, or below its children behind that byte.
Branch *first_leaf (Branch *branch, int behind = -1) noexcept;

inline unsigned char byte_of (char c) noexcept { return static_cast<unsigned char> (c); }

}  // namespace engine::topics
