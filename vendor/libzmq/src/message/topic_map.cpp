// How a TopicMap is searched and changed: where a bucket becomes a branch of buckets, and where one comes of the other again.
#include "message/topic_map.hpp"

#include <algorithm>
#include <new>

namespace engine {

using namespace topics;

namespace {

constexpr std::size_t most_keys = 32;     // in a bucket, which is searched from its beginning
constexpr std::size_t most_bytes = 2048;  // of several keys

std::size_t common_bytes (std::string_view left, std::string_view right)
{
    const std::size_t most = std::min (left.size (), right.size ());
    return static_cast<std::size_t> (
      std::mismatch (left.begin (), left.begin () + static_cast<std::ptrdiff_t> (most), right.begin ()).first - left.begin ());
}

}  // namespace

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
                bytes += size_of_entry (Entry (to).rest.size () - label.size () - 1);
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
            free_bucket (branch->slots ()[at].bucket ());
        free_branch (branch);
        throw;
    }
    if (begin != bucket->begin ())
        branch->code = Entry (bucket->begin ()).code ();
    branch->parent = parent;
    branch->byte = byte;
    free_bucket (bucket);
    slot = Slot (branch);
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
            bucket = new_bucket (size_of_entry (key.size () - common - 1));
        set_label (lower, lower.label ().substr (common + 1));
    } catch (const std::bad_alloc &) {
        free_bucket (bucket);
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

Slot &TopicMap::slot_of (const Branch &branch) noexcept
{
    return branch.parent ? branch.parent->slots ()[branch.parent->position (branch.byte)] : root_;
}

void TopicMap::drop_empty (Branch &branch) noexcept
{
    for (unsigned at = branch.count; at-- > 0;) {
        Bucket *const bucket = branch.slots ()[at].bucket ();
        if (bucket && bucket->count == 0) {
            free_bucket (bucket);
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
        std::size_t bytes = branch.code ? size_of_entry (head.size ()) : 0;
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
        free_bucket (old);
        slot_of (branch) = Slot (bucket);
        free_branch (&branch);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

// Takes away what a walk has left empty, from below.
void TopicMap::tidy () noexcept
{
    if (Bucket *const bucket = root_.bucket (); bucket && bucket->count == 0) {
        free_bucket (bucket);
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

Code TopicMap::find (std::string_view key) const noexcept { return locate (key).code; }

void TopicMap::insert (std::string_view key, Code code)
{
    if (size_of_entry (key.size ()) > longest_entry)
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
            Bucket *const bucket = new_bucket (size_of_entry (key.size ()));
            append (*bucket, key, {}, code);
            insert_child (*branch, byte, Slot (bucket));
            return;
        }
        parent = branch;
        slot = &branch->slots ()[at];
    }
    if (!*slot)
        *slot = Slot (new_bucket (size_of_entry (key.size ())));
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
            free_bucket (bucket);
        } else {
            root_ = Slot ();
            free_bucket (bucket);
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
    free_bucket (root_.bucket ());
    for (Branch *branch = root_.branch (); branch;) {
        if (branch->count > 0) {
            const Slot last = branch->slots ()[--branch->count];
            free_bucket (last.bucket ());
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

}  // namespace engine
