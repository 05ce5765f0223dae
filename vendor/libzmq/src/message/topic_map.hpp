// A map from byte strings (topics) to codes that answers which keys are prefixes of a text. Small: a burst trie (Heinz, Zobel and Williams,
// 2002), in which keys that begin alike lie packed in one block, a bucket, and a branch parts them by their next byte only where they are
// too many. A topic of 16 bytes among 100,000 takes some 10 bytes where they are numbered, some 40 where they are random.
//
// Keys come from peers, so nothing here recurses and a walk needs no memory: branches know their parent. Not thread-safe. What allocates
// throws std::bad_alloc and has then changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace engine {

class TopicMap
{
  public:
    using Code = std::uint32_t;  // 0: none

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

    // Where a key is that is in: its entry in the bucket of `slot`, or no entry: the branch's own.
    struct Place
    {
        Branch *branch;
        Slot *slot;
        unsigned char *entry;
        Code code;  // 0: the key is not in
    };
    Place locate (std::string_view key) const noexcept;

    static Bucket *new_bucket (std::size_t bytes);
    static void append (Bucket &bucket, std::string_view head, std::string_view tail, Code code) noexcept;
    static void insert_into (Slot &slot, std::string_view rest, Code code);
    static void erase_from (Bucket &bucket, unsigned char *entry) noexcept;
    static void shrink (Slot &slot) noexcept;
    static void burst (Slot &slot, Branch *parent, unsigned char byte);
    static void split (Slot &slot, std::size_t common, std::string_view key, Code code);

    static Branch *new_branch (std::string_view label, unsigned children);
    static void set_label (Branch &branch, std::string_view label);
    static void free_branch (Branch *branch) noexcept;
    static void reserve_child (Branch &branch);
    static void insert_child (Branch &branch, unsigned char byte, Slot child) noexcept;
    static void remove_child (Branch &branch, unsigned at) noexcept;
    static Branch *first_leaf (Branch *branch, int behind = -1) noexcept;

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
