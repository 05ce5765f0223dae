// How the blocks of topic_map.hpp come, grow, part, shrink and go.
#include "message/topic_map.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace engine {

namespace {

constexpr std::size_t most_keys = 32;     // in a bucket, which is searched from its beginning
constexpr std::size_t most_bytes = 2048;  // of several keys
constexpr std::size_t key_limit = std::numeric_limits<std::uint32_t>::max () / 4;

std::size_t size_of (std::size_t rest, unsigned char is_long)
{
    return 1 + (rest < is_long ? 0 : sizeof (std::uint32_t)) + sizeof (TopicMap::Code) + rest;
}

// What malloc gives for a block anyway: multiples of 16 less its own 8.
std::size_t whole_block (std::size_t bytes) { return (bytes + 8 + 15) / 16 * 16 - 8; }

std::size_t common_bytes (std::string_view left, std::string_view right)
{
    const std::size_t most = std::min (left.size (), right.size ());
    return static_cast<std::size_t> (
      std::mismatch (left.begin (), left.begin () + static_cast<std::ptrdiff_t> (most), right.begin ()).first - left.begin ());
}

unsigned char byte_of (char c) { return static_cast<unsigned char> (c); }

}  // namespace

// ---- buckets ----

TopicMap::Bucket *TopicMap::new_bucket (std::size_t bytes)
{
    const std::size_t whole = whole_block (sizeof (Bucket) + bytes);
    auto *const bucket = static_cast<Bucket *> (::operator new (whole));
    bucket->used = bucket->count = 0;
    bucket->capacity = static_cast<std::uint32_t> (whole - sizeof (Bucket));
    return bucket;
}

// An entry whose key is made of two pieces. There is room.
void TopicMap::append (Bucket &bucket, std::string_view head, std::string_view tail, Code code) noexcept
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

void TopicMap::insert_into (Slot &slot, std::string_view rest, Code code)
{
    Bucket *bucket = slot.bucket ();
    const std::size_t size = size_of (rest.size (), Entry::is_long), needed = bucket->used + size;
    if (needed > key_limit)
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
        ::operator delete (bucket);
        bucket = bigger;
        slot = Slot (bigger);
    } else {
        std::memmove (at + size, at, behind);
    }
    bucket->used = static_cast<std::uint32_t> (before);
    append (*bucket, rest, {}, code);
    bucket->used = static_cast<std::uint32_t> (needed);
}

void TopicMap::erase_from (Bucket &bucket, unsigned char *entry) noexcept
{
    unsigned char *const next = Entry (entry).end ();
    std::memmove (entry, next, static_cast<std::size_t> (bucket.end () - next));
    bucket.used -= static_cast<std::uint32_t> (next - entry);
    --bucket.count;
}

// Gives back what a bucket does not need, if that is much. Without memory for a smaller one it stays.
void TopicMap::shrink (Slot &slot) noexcept
{
    Bucket *const bucket = slot.bucket ();
    if (bucket->capacity / 2 <= bucket->used + sizeof (Bucket))
        return;
    try {
        Bucket *const smaller = new_bucket (bucket->used);
        std::memcpy (smaller->begin (), bucket->begin (), bucket->used);
        smaller->used = bucket->used;
        smaller->count = bucket->count;
        ::operator delete (bucket);
        slot = Slot (smaller);
    } catch (const std::bad_alloc &) {
    }
}

// Puts a branch into the place of a bucket, with a bucket for each byte that comes next in its keys.
void TopicMap::burst (Slot &slot, Branch *parent, unsigned char byte)
{
    Bucket *const bucket = slot.bucket ();
    std::string_view first, last;
    for (unsigned char *at = bucket->begin (); at != bucket->end (); at = Entry (at).end ()) {
        last = Entry (at).rest;
        if (at == bucket->begin ())
            first = last;
    }
    const std::string_view label = first.substr (0, common_bytes (first, last));  // they are in order
    unsigned char *const begin = first.size () == label.size () ? Entry (bucket->begin ()).end () : bucket->begin ();
    // Calls group(begin, end, bytes they take without label and byte) for the entries of each next byte.
    const auto for_groups = [&] (auto &&group) {
        for (unsigned char *from = begin; from != bucket->end ();) {
            const char next = Entry (from).rest[label.size ()];
            std::size_t bytes = 0;
            unsigned char *to = from;
            while (to != bucket->end () && Entry (to).rest[label.size ()] == next) {
                bytes += size_of (Entry (to).rest.size () - label.size () - 1, Entry::is_long);
                to = Entry (to).end ();
            }
            group (from, to, bytes);
            from = to;
        }
    };
    unsigned groups = 0;
    for_groups ([&] (auto, auto, auto) { ++groups; });
    Branch *const branch = new_branch (label, groups);
    try {
        for_groups ([&] (unsigned char *from, unsigned char *to, std::size_t bytes) {
            Bucket *const part = new_bucket (bytes);
            insert_child (*branch, byte_of (Entry (from).rest[label.size ()]), Slot (part));
            for (; from != to; from = Entry (from).end ())
                append (*part, Entry (from).rest.substr (label.size () + 1), {}, Entry (from).code ());
        });
    } catch (const std::bad_alloc &) {
        for (unsigned at = 0; at < branch->count; ++at)
            ::operator delete (branch->slots ()[at].bucket ());
        free_branch (branch);
        throw;
    }
    if (begin != bucket->begin ())
        branch->code = Entry (bucket->begin ()).code ();
    branch->parent = parent;
    branch->byte = byte;
    ::operator delete (bucket);
    slot = Slot (branch);
}

// ---- branches ----

TopicMap::Branch *TopicMap::new_branch (std::string_view label, unsigned children)
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

// The label may be part of the old one.
void TopicMap::set_label (Branch &branch, std::string_view label)
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

void TopicMap::free_branch (Branch *branch) noexcept
{
    if (branch->label_size > sizeof branch->near)
        delete[] branch->far;
    ::operator delete (branch->children);
    delete branch;
}

void TopicMap::reserve_child (Branch &branch)
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

void TopicMap::insert_child (Branch &branch, unsigned char byte, Slot child) noexcept  // after reserve_child()
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

void TopicMap::remove_child (Branch &branch, unsigned at) noexcept
{
    --branch.count;
    std::move (branch.keys () + at + 1, branch.keys () + branch.count + 1, branch.keys () + at);
    std::move (branch.slots () + at + 1, branch.slots () + branch.count + 1, branch.slots () + at);
}

// Lets the branch in the slot end after `common` bytes of its label; what it had goes below, beside the new key.
void TopicMap::split (Slot &slot, std::size_t common, std::string_view key, Code code)
{
    Branch &lower = *slot.branch ();
    const bool ends = key.size () == common;
    Branch *const upper = new_branch (lower.label ().substr (0, common), ends ? 1 : 2);
    Bucket *bucket = nullptr;
    const unsigned char byte = byte_of (lower.label ()[common]);
    try {
        if (!ends)
            bucket = new_bucket (size_of (key.size () - common - 1, Entry::is_long));
        set_label (lower, lower.label ().substr (common + 1));
    } catch (const std::bad_alloc &) {
        ::operator delete (bucket);
        free_branch (upper);
        throw;
    }
    upper->parent = lower.parent;
    upper->byte = lower.byte;
    lower.parent = upper;
    lower.byte = byte;
    insert_child (*upper, byte, slot);
    if (ends) {
        upper->code = code;
    } else {
        append (*bucket, key.substr (common + 1), {}, code);
        insert_child (*upper, byte_of (key[common]), Slot (bucket));
    }
    slot = Slot (upper);
}

TopicMap::Slot &TopicMap::slot_of (const Branch &branch) noexcept
{
    return branch.parent ? branch.parent->slots ()[branch.parent->position (branch.byte)] : root_;
}

void TopicMap::drop_empty (Branch &branch) noexcept
{
    for (unsigned at = branch.count; at-- > 0;) {
        Bucket *const bucket = branch.slots ()[at].bucket ();
        if (bucket && bucket->count == 0) {
            ::operator delete (bucket);
            remove_child (branch, at);
        } else if (bucket) {
            shrink (branch.slots ()[at]);
        }
    }
}

// Takes the branch away if there is too little below it, or puts it together with the only one below. True: it is gone, and its parent
// may have too little now. Without memory everything stays, which does no harm.
bool TopicMap::collapse (Branch &branch) noexcept
{
    if (branch.count > 1)
        return false;
    const Slot child = branch.count == 1 ? branch.slots ()[0] : Slot ();
    Bucket *const old = child.bucket ();
    try {
        if (Branch *const lower = child.branch ()) {
            if (branch.code)
                return false;
            std::string label (branch.label ());
            label += static_cast<char> (lower->byte);
            label += lower->label ();
            set_label (*lower, label);
            slot_of (branch) = child;
            lower->parent = branch.parent;
            lower->byte = branch.byte;
            free_branch (&branch);
            return false;
        }
        if (!old && !branch.code) {
            if (branch.parent)
                remove_child (*branch.parent, branch.parent->position (branch.byte));
            else
                root_ = Slot ();
            free_branch (&branch);
            return true;
        }
        std::string head (branch.label ());
        std::size_t bytes = branch.code ? size_of (head.size (), Entry::is_long) : 0;
        if (old) {
            head += static_cast<char> (branch.keys ()[0]);
            bytes += old->used + old->count * (head.size () + sizeof (std::uint32_t));
            if (old->count >= most_keys / 2 || (bytes > most_bytes / 2 && old->count > 0))
                return false;
        }
        Bucket *const bucket = new_bucket (bytes);
        if (branch.code)
            append (*bucket, branch.label (), {}, branch.code);
        if (old) {
            for (unsigned char *at = old->begin (); at != old->end (); at = Entry (at).end ())
                append (*bucket, head, Entry (at).rest, Entry (at).code ());
        }
        ::operator delete (old);
        slot_of (branch) = Slot (bucket);
        free_branch (&branch);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

// The first branch, in order, that has no branch below it: the given one, or below its children behind that byte.
TopicMap::Branch *TopicMap::first_leaf (Branch *branch, int behind) noexcept
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

// Takes away what a walk has left empty, from below.
void TopicMap::tidy () noexcept
{
    if (Bucket *const bucket = root_.bucket (); bucket && bucket->count == 0) {
        ::operator delete (bucket);
        root_ = Slot ();
    }
    if (!root_.branch ())
        return;
    for (Branch *at = first_leaf (root_.branch ()); at;) {
        Branch *const parent = at->parent;
        const unsigned char byte = at->byte;
        drop_empty (*at);
        collapse (*at);
        at = parent ? first_leaf (parent, byte) : nullptr;
    }
}

// ---- the whole ----

TopicMap::Place TopicMap::locate (std::string_view key) const noexcept
{
    Place place{nullptr, const_cast<Slot *> (&root_), nullptr, 0};
    while (Branch *const branch = place.slot->branch ()) {
        place.branch = branch;
        if (!key.starts_with (branch->label ()))
            return place;
        key.remove_prefix (branch->label_size);
        if (key.empty ()) {
            place.code = branch->code;
            return place;
        }
        const unsigned at = branch->position (byte_of (key[0]));
        if (at == branch->count)
            return place;
        place.slot = &branch->slots ()[at];
        key.remove_prefix (1);
    }
    Bucket *const bucket = place.slot->bucket ();
    if (!bucket)
        return place;
    for (unsigned char *at = bucket->begin (); at != bucket->end (); at = Entry (at).end ()) {
        if (Entry (at).rest == key) {
            place.entry = at;
            place.code = Entry (at).code ();
            break;
        }
    }
    return place;
}

TopicMap::Code TopicMap::find (std::string_view key) const noexcept { return locate (key).code; }

void TopicMap::insert (std::string_view key, Code code)
{
    if (size_of (key.size (), Entry::is_long) > key_limit)
        throw std::bad_alloc ();
    Slot *slot = &root_;
    Branch *parent = nullptr;
    unsigned char byte = 0;
    while (Branch *const branch = slot->branch ()) {
        const std::size_t common = common_bytes (branch->label (), key);
        if (common < branch->label_size)
            return split (*slot, common, key, code);
        key.remove_prefix (common);
        if (key.empty ()) {
            branch->code = code;
            return;
        }
        byte = byte_of (key[0]);
        key.remove_prefix (1);
        const unsigned at = branch->position (byte);
        if (at == branch->count) {
            reserve_child (*branch);
            Bucket *const bucket = new_bucket (size_of (key.size (), Entry::is_long));
            append (*bucket, key, {}, code);
            insert_child (*branch, byte, Slot (bucket));
            return;
        }
        parent = branch;
        slot = &branch->slots ()[at];
    }
    if (!*slot)
        *slot = Slot (new_bucket (size_of (key.size (), Entry::is_long)));
    insert_into (*slot, key, code);
    Bucket *const bucket = slot->bucket ();
    if (bucket->count > most_keys || (bucket->used > most_bytes && bucket->count > 1)) {
        try {
            burst (*slot, parent, byte);
        } catch (const std::bad_alloc &) {  // it is only slower
        }
    }
}

void TopicMap::change (std::string_view key, Code code) noexcept
{
    const Place place = locate (key);
    if (place.entry)
        Entry (place.entry).set_code (code);
    else if (place.branch)
        place.branch->code = code;
}

void TopicMap::erase (std::string_view key) noexcept
{
    const Place place = locate (key);
    if (!place.entry) {
        if (!place.branch)
            return;
        place.branch->code = 0;
    } else {
        Bucket *const bucket = place.slot->bucket ();
        erase_from (*bucket, place.entry);
        if (bucket->count > 0) {
            shrink (*place.slot);
        } else if (place.branch) {
            remove_child (*place.branch, static_cast<unsigned> (place.slot - place.branch->slots ()));
            ::operator delete (bucket);
        } else {
            root_ = Slot ();
            ::operator delete (bucket);
        }
    }
    for (Branch *branch = place.branch; branch;) {
        Branch *const parent = branch->parent;
        if (!collapse (*branch))
            break;
        branch = parent;
    }
}

void TopicMap::clear () noexcept
{
    ::operator delete (root_.bucket ());
    for (Branch *branch = root_.branch (); branch;) {
        if (branch->count > 0) {
            const Slot last = branch->slots ()[--branch->count];
            ::operator delete (last.bucket ());
            if (last.branch ())
                branch = last.branch ();
        } else {
            Branch *const parent = branch->parent;
            free_branch (branch);
            branch = parent;
        }
    }
    root_ = Slot ();
}

// ---- walking ----

std::string TopicMap::Walk::key () const
{
    const std::string_view rest = entry_ ? Entry (entry_).rest : std::string_view ();
    const bool below = entry_ && branch_;
    std::size_t size = rest.size () + below;
    for (const Branch *branch = branch_; branch; branch = branch->parent)
        size += branch->label_size + (branch->parent != nullptr);
    std::string key (size, '\0');
    const auto put = [&] (std::string_view piece) {
        size -= piece.size ();
        piece.copy (key.data () + size, piece.size ());
    };
    put (rest);
    if (below)
        key[--size] = static_cast<char> (byte_);
    for (const Branch *branch = branch_; branch; branch = branch->parent) {
        put (branch->label ());
        if (branch->parent)
            key[--size] = static_cast<char> (branch->byte);
    }
    return key;
}

void TopicMap::Walk::next () noexcept
{
    if (!entry_)
        return enter_child (0);
    entry_ = Entry (entry_).end ();
    if (entry_ == bucket_->end ())
        leave_bucket ();
}

void TopicMap::Walk::set_code (Code code) noexcept
{
    if (entry_)
        Entry (entry_).set_code (code);
    else
        branch_->code = code;
}

void TopicMap::Walk::erase () noexcept
{
    if (!entry_) {
        branch_->code = 0;
        return enter_child (0);
    }
    erase_from (*bucket_, entry_);
    if (entry_ == bucket_->end ())
        leave_bucket ();
}

// To the first key in the slot, or behind it. `branch_` is its branch.
void TopicMap::Walk::enter (Slot slot) noexcept
{
    bucket_ = slot.bucket ();
    entry_ = nullptr;
    if (bucket_ && bucket_->count > 0)
        entry_ = bucket_->begin ();
    else if (bucket_)
        leave_bucket ();
    else if ((branch_ = slot.branch ()) && !branch_->code)
        enter_child (0);
}

// To the first key in that child of the branch or behind it.
void TopicMap::Walk::enter_child (unsigned at) noexcept
{
    bucket_ = nullptr;
    entry_ = nullptr;
    for (;;) {
        while (at == branch_->count) {
            const Branch &done = *branch_;
            branch_ = done.parent;
            if (!branch_)
                return;
            at = branch_->position (done.byte) + 1;
        }
        const Slot slot = branch_->slots ()[at];
        byte_ = branch_->keys ()[at];
        if (Branch *const lower = slot.branch ()) {
            branch_ = lower;
            if (lower->code)
                return;
            at = 0;
        } else if (slot.bucket ()->count > 0) {
            bucket_ = slot.bucket ();
            entry_ = bucket_->begin ();
            return;
        } else {
            ++at;
        }
    }
}

void TopicMap::Walk::leave_bucket () noexcept
{
    bucket_ = nullptr;
    entry_ = nullptr;
    if (branch_)
        enter_child (branch_->position (byte_) + 1);
}

}  // namespace engine
