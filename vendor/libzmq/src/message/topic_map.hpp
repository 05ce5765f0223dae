// A map from byte strings (topics) to codes that answers which keys are prefixes of a text. Small: a burst trie (Heinz, Zobel and Williams,
// 2002), in which keys that begin alike lie packed in one block, a bucket, and a branch parts them by their next byte only where they are
// too many. A topic of 16 bytes among 100,000 takes some 10 bytes where they are numbered, some 40 where they are random.
//
// Keys come from peers, so nothing here recurses and a walk needs no memory: branches know their parent. Not thread-safe. What allocates
// throws std::bad_alloc and has then changed nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "message/topic_nodes.hpp"

namespace engine {

class TopicMap
{
  public:
    using Code = topics::Code;  // 0: none

    TopicMap () = default;
    TopicMap (const TopicMap &) = delete;
    TopicMap &operator= (const TopicMap &) = delete;
    ~TopicMap () { clear (); }

    Code find (std::string_view key) const noexcept;
    void insert (std::string_view key, Code code);           // a key that is not in
    void change (std::string_view key, Code code) noexcept;  // of a key that is in
    void erase (std::string_view key) noexcept;              // which is in
    void clear () noexcept;

    // Calls visit(code) for each key that is a prefix of `text`, shortest first, while it returns true.
    template <class Visit>
    void for_prefixes (std::string_view text, Visit &&visit) const;

    // Calls change(code, walk) for each key in order, while more() says so; walk.key() spells the key out and may throw std::bad_alloc.
    // What it returns is the key's code from now on; without one the key is forgotten. Neither may throw or touch the map.
    template <class Change, class More>
    void change_each (Change &&change, More &&more);

    // Calls visit(key, code) for each key in order. Throws what visit throws, and std::bad_alloc.
    template <class Visit>
    void for_each (Visit &&visit) const;

    class Walk;

  private:
    using Slot = topics::Slot;
    using Entry = topics::Entry;
    using Bucket = topics::Bucket;
    using Branch = topics::Branch;

    // Where a key is that is in: its entry in the bucket of `slot`, or no entry: the branch's own.
    struct Place
    {
        Branch *branch;
        Slot *slot;
        unsigned char *entry;
        Code code;  // 0: the key is not in
    };
    Place locate (std::string_view key) const noexcept;

    static void burst (Slot &slot, Branch *parent, unsigned char byte);
    static void split (Slot &slot, std::size_t common, std::string_view key, Code code);
    Slot &slot_of (const Branch &branch) noexcept;
    void drop_empty (Branch &branch) noexcept;
    bool collapse (Branch &branch) noexcept;
    void tidy () noexcept;

    Slot root_;
};

// A position at a key.
class TopicMap::Walk
{
  public:
    explicit Walk (const TopicMap &map) noexcept { enter (map.root_); }

    bool at_key () const noexcept { return branch_ || entry_; }
    Code code () const noexcept { return entry_ ? Entry (entry_).code () : branch_->code; }
    std::string key () const;

  private:
    friend class TopicMap;

    void next () noexcept;
    void set_code (Code code) noexcept;
    void erase () noexcept;  // and on to the next; may leave buckets and branches empty, until tidy()

    void enter (Slot slot) noexcept;
    void enter_child (unsigned at) noexcept;
    void leave_bucket () noexcept;

    Branch *branch_ = nullptr;        // the key is its own, or in a bucket below it; null: in the root, or at the end
    Bucket *bucket_ = nullptr;        // null: the branch's own
    unsigned char *entry_ = nullptr;  // in the bucket
    unsigned char byte_ = 0;          // below which the branch has the bucket
};

template <class Visit>
void TopicMap::for_prefixes (std::string_view text, Visit &&visit) const
{
    Slot slot = root_;
    while (const Branch *const branch = slot.branch ()) {
        if (!text.starts_with (branch->label ()))
            return;
        text.remove_prefix (branch->label_size);
        if (branch->code && !visit (branch->code))
            return;
        if (text.empty ())
            return;
        const unsigned at = branch->position (static_cast<unsigned char> (text[0]));
        if (at == branch->count)
            return;
        slot = branch->slots ()[at];
        text.remove_prefix (1);
    }
    Bucket *const bucket = slot.bucket ();
    if (!bucket)
        return;
    for (unsigned char *at = bucket->begin (), *const end = bucket->end (); at != end;) {
        const Entry entry (at);
        at = entry.end ();
        if (!entry.rest.empty ()) {
            if (text.empty () || static_cast<unsigned char> (entry.rest[0]) > static_cast<unsigned char> (text[0]))
                return;  // they are in order
            if (entry.rest[0] != text[0] || !text.starts_with (entry.rest))
                continue;
        }
        if (!visit (entry.code ()))
            return;
    }
}

template <class Change, class More>
void TopicMap::change_each (Change &&change, More &&more)
{
    bool erased = false;
    for (Walk walk (*this); walk.at_key () && more ();) {
        const Code before = walk.code (), after = change (before, static_cast<const Walk &> (walk));
        if (after) {
            if (after != before)
                walk.set_code (after);
            walk.next ();
        } else {
            walk.erase ();
            erased = true;
        }
    }
    if (erased)
        tidy ();
}

template <class Visit>
void TopicMap::for_each (Visit &&visit) const
{
    for (Walk walk (*this); walk.at_key (); walk.next ())
        visit (std::string_view (walk.key ()), walk.code ());
}

}  // namespace engine
