// The blocks of topic_nodes.hpp.
#include "message/topic_nodes.hpp"

#include <algorithm>
#include <new>

namespace engine::topics {

namespace {

// What malloc gives for a block anyway: multiples of 16 less its own 8.
std::size_t whole_block (std::size_t bytes) { return (bytes + 8 + 15) / 16 * 16 - 8; }

}  // namespace

std::size_t size_of_entry (std::size_t rest) noexcept
{
    return 1 + (rest < Entry::is_long ? 0 : sizeof (std::uint32_t)) + sizeof (Code) + rest;
}

Bucket *new_bucket (std::size_t bytes)
{
    const std::size_t whole = whole_block (sizeof (Bucket) + bytes);
    auto *const bucket = static_cast<Bucket *> (::operator new (whole));
    bucket->used = bucket->count = 0;
    bucket->capacity = static_cast<std::uint32_t> (whole - sizeof (Bucket));
    return bucket;
}

void append (Bucket &bucket, std::string_view head, std::string_view tail, Code code) noexcept
{
    unsigned char *at = bucket.end ();
    const auto size = static_cast<std::uint32_t> (head.size () + tail.size ());
    if (size < Entry::is_long) {
        *at++ = static_cast<unsigned char> (size);
    } else {
        *at++ = Entry::is_long;
        std::memcpy (at, &size, sizeof size);
        at += sizeof size;
    }
    std::memcpy (at, &code, sizeof code);
    at += sizeof code;
    at = std::copy (head.begin (), head.end (), at);
    at = std::copy (tail.begin (), tail.end (), at);
    bucket.used = static_cast<std::uint32_t> (at - bucket.begin ());
    ++bucket.count;
}

void insert_into (Slot &slot, std::string_view rest, Code code)
{
    Bucket *bucket = slot.bucket ();
    const std::size_t size = size_of_entry (rest.size ()), needed = bucket->used + size;
    if (needed > longest_entry)
        throw std::bad_alloc ();
    unsigned char *at = bucket->begin ();
    while (at != bucket->end ()) {
        const Entry entry (at);
        if (entry.rest > rest)
            break;
        at = entry.end ();
    }
    const auto before = static_cast<std::size_t> (at - bucket->begin ()), behind = bucket->used - before;
    if (needed > bucket->capacity) {
        Bucket *const bigger = new_bucket (needed + needed / 8);
        std::memcpy (bigger->begin (), bucket->begin (), before);
        std::memcpy (bigger->begin () + before + size, at, behind);
        bigger->count = bucket->count;
        free_bucket (bucket);
        bucket = bigger;
        slot = Slot (bigger);
    } else {
        std::memmove (at + size, at, behind);
    }
    bucket->used = static_cast<std::uint32_t> (before);
    append (*bucket, rest, {}, code);
    bucket->used = static_cast<std::uint32_t> (needed);
}

void erase_from (Bucket &bucket, unsigned char *entry) noexcept
{
    unsigned char *const next = Entry (entry).end ();
    std::memmove (entry, next, static_cast<std::size_t> (bucket.end () - next));
    bucket.used -= static_cast<std::uint32_t> (next - entry);
    --bucket.count;
}

void shrink (Slot &slot) noexcept
{
    Bucket *const bucket = slot.bucket ();
    if (bucket->capacity / 2 <= bucket->used + sizeof (Bucket))
        return;
    try {
        Bucket *const smaller = new_bucket (bucket->used);
        std::memcpy (smaller->begin (), bucket->begin (), bucket->used);
        smaller->used = bucket->used;
        smaller->count = bucket->count;
        free_bucket (bucket);
        slot = Slot (smaller);
    } catch (const std::bad_alloc &) {
    }
}

Branch *new_branch (std::string_view label, unsigned children)
{
    Branch *const branch = new Branch;
    try {
        set_label (*branch, label);
        branch->children = ::operator new (children *(sizeof (Slot) + 1));
    } catch (const std::bad_alloc &) {
        free_branch (branch);
        throw;
    }
    branch->capacity = static_cast<std::uint16_t> (children);
    return branch;
}

void set_label (Branch &branch, std::string_view label)
{
    char near[sizeof branch.near] = {};
    char *far = nullptr;
    if (label.size () > sizeof near) {
        far = new char[label.size ()];
        std::memcpy (far, label.data (), label.size ());
    } else {
        std::copy (label.begin (), label.end (), near);
    }
    if (branch.label_size > sizeof near)
        delete[] branch.far;
    if (far)
        branch.far = far;
    else
        std::memcpy (branch.near, near, sizeof near);
    branch.label_size = static_cast<std::uint32_t> (label.size ());
}

void free_branch (Branch *branch) noexcept
{
    if (branch->label_size > sizeof branch->near)
        delete[] branch->far;
    ::operator delete (branch->children);
    delete branch;
}

void reserve_child (Branch &branch)
{
    if (branch.count < branch.capacity)
        return;
    const unsigned capacity = std::min (256u, branch.capacity + std::max (2u, branch.capacity / 4u));
    void *const block = ::operator new (capacity *(sizeof (Slot) + 1));
    if (branch.count > 0) {
        std::memcpy (block, branch.children, branch.count * sizeof (Slot));
        std::memcpy (static_cast<char *> (block) + capacity * sizeof (Slot), branch.keys (), branch.count);
    }
    ::operator delete (branch.children);
    branch.children = block;
    branch.capacity = static_cast<std::uint16_t> (capacity);
}

void insert_child (Branch &branch, unsigned char byte, Slot child) noexcept
{
    unsigned at = branch.count;
    for (; at > 0 && branch.keys ()[at - 1] > byte; --at) {
        branch.keys ()[at] = branch.keys ()[at - 1];
        branch.slots ()[at] = branch.slots ()[at - 1];
    }
    branch.keys ()[at] = byte;
    branch.slots ()[at] = child;
    ++branch.count;
}

void remove_child (Branch &branch, unsigned at) noexcept
{
    --branch.count;
    std::move (branch.keys () + at + 1, branch.keys () + branch.count + 1, branch.keys () + at);
    std::move (branch.slots () + at + 1, branch.slots () + branch.count + 1, branch.slots () + at);
}

Branch *first_leaf (Branch *branch, int behind) noexcept
{
    for (unsigned at = 0; at < branch->count;) {
        Branch *const lower = branch->keys ()[at] > behind ? branch->slots ()[at].branch () : nullptr;
        if (lower) {
            branch = lower;
            behind = -1;
            at = 0;
        } else {
            ++at;
        }
    }
    return branch;
}

}  // namespace engine::topics
