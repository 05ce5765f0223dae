// A radix tree over byte strings: one node per stored key and per fork, edges carry as many bytes as they can. It is what
// subscription_trie.hpp is made of; a Value says by empty() when its key may be forgotten.
//
// Keys come from peers, so nothing here recurses and a walk needs no memory: nodes know their parent. Children are found by memchr
// over their first bytes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace engine {

template <class Value>
class RadixTree
{
  public:
    class Node
    {
      public:
        Value value{};

        std::string_view label () const noexcept { return {label_size_ <= sizeof near_ ? near_ : far_, label_size_}; }

      private:
        friend class RadixTree;

        Node () noexcept : near_{} {}
        Node (const Node &) = delete;
        Node &operator= (const Node &) = delete;
        ~Node ()
        {
            drop_label ();
            ::operator delete (children_);
        }

        void drop_label () noexcept
        {
            if (label_size_ > sizeof near_)
                delete[] far_;
            label_size_ = 0;
        }
        // Puts `bytes` into place of the old label. The bytes may be part of it.
        void set_label (std::string_view bytes)
        {
            char *fresh = nullptr;
            if (bytes.size () > sizeof near_) {
                fresh = new char[bytes.size ()];
                std::memcpy (fresh, bytes.data (), bytes.size ());
                drop_label ();
                far_ = fresh;
            } else {
                char copy[sizeof near_];
                std::memcpy (copy, bytes.data (), bytes.size ());
                drop_label ();
                std::memcpy (near_, copy, bytes.size ());
            }
            label_size_ = bytes.size ();
        }

        // The block of children: `capacity_` pointers, then as many first bytes, both in order of the byte.
        Node **links () const noexcept { return static_cast<Node **> (children_); }
        unsigned char *keys () const noexcept { return reinterpret_cast<unsigned char *> (links () + capacity_); }
        unsigned position (unsigned char key) const noexcept  // count_ if there is none
        {
            if (count_ == 0)
                return 0;
            if (keys ()[0] == key)
                return 0;
            const void *found = std::memchr (keys (), key, count_);
            return found ? static_cast<unsigned> (static_cast<const unsigned char *> (found) - keys ()) : count_;
        }
        Node *child (unsigned char key) const noexcept
        {
            const unsigned at = position (key);
            return at == count_ ? nullptr : links ()[at];
        }
        void reserve_child ()
        {
            if (count_ < capacity_)
                return;
            const unsigned capacity = capacity_ == 0 ? 1 : capacity_ * 2u;
            void *block = ::operator new (capacity *(sizeof (Node *) + 1));
            if (count_ > 0) {
                std::memcpy (block, links (), count_ * sizeof (Node *));
                std::memcpy (static_cast<char *> (block) + capacity * sizeof (Node *), keys (), count_);
            }
            ::operator delete (children_);
            children_ = block;
            capacity_ = static_cast<std::uint16_t> (capacity);
        }
        void insert_child (Node *fresh) noexcept  // after reserve_child()
        {
            const auto key = static_cast<unsigned char> (fresh->label ()[0]);
            unsigned at = count_;
            for (; at > 0 && keys ()[at - 1] > key; --at) {
                keys ()[at] = keys ()[at - 1];
                links ()[at] = links ()[at - 1];
            }
            keys ()[at] = key;
            links ()[at] = fresh;
            ++count_;
            fresh->parent_ = this;
        }
        void remove_child (unsigned at) noexcept
        {
            --count_;
            std::memmove (keys () + at, keys () + at + 1, count_ - at);
            std::memmove (links () + at, links () + at + 1, (count_ - at) * sizeof (Node *));
            if (count_ == 0) {
                ::operator delete (children_);
                children_ = nullptr;
                capacity_ = 0;
            }
        }
        // Takes over the children and the value of `other`, which is left with none.
        void adopt (Node &other) noexcept
        {
            ::operator delete (children_);
            children_ = std::exchange (other.children_, nullptr);
            count_ = std::exchange (other.count_, std::uint16_t{0});
            capacity_ = std::exchange (other.capacity_, std::uint16_t{0});
            for (unsigned at = 0; at < count_; ++at)
                links ()[at]->parent_ = this;
            value = std::move (other.value);
            other.value = Value{};
        }

        Node *parent_ = nullptr;
        void *children_ = nullptr;
        union
        {
            char near_[sizeof (char *)];
            char *far_;
        };
        std::size_t label_size_ = 0;
        std::uint16_t count_ = 0;
        std::uint16_t capacity_ = 0;
    };

    RadixTree () = default;
    RadixTree (const RadixTree &) = delete;
    RadixTree &operator= (const RadixTree &) = delete;
    ~RadixTree () { clear (); }

    // The node of exactly this key, null if there is none. Its value may be empty (a fork).
    Node *find (std::string_view key) const noexcept
    {
        Node *node = const_cast<Node *> (&root_);
        while (!key.empty ()) {
            node = node->child (static_cast<unsigned char> (key[0]));
            if (!node || !key.starts_with (node->label ()))
                return nullptr;
            key.remove_prefix (node->label_size_);
        }
        return node;
    }

    // The node of this key, made if need be: then the caller must fill its value or call prune(). Throws std::bad_alloc, nothing
    // changed.
    Node *find_or_make (std::string_view key)
    {
        Node *node = &root_;
        while (!key.empty ()) {
            Node *next = node->child (static_cast<unsigned char> (key[0]));
            if (!next)
                return add_leaf (*node, key);
            const std::string_view label = next->label ();
            std::size_t common = 1;
            while (common < label.size () && common < key.size () && label[common] == key[common])
                ++common;
            if (common < label.size ())
                split (*next, common);
            node = next;
            key.remove_prefix (common);
        }
        return node;
    }

    // Forgets `node` if its value is empty, and every fork that is needed no longer. A `cursor` that comes later in the walk stays valid:
    // it is moved along with what it points at.
    void prune (Node *node, Node **cursor = nullptr) noexcept
    {
        while (node != &root_ && node->value.empty () && node->count_ == 0) {
            Node *parent = node->parent_;
            parent->remove_child (parent->position (static_cast<unsigned char> (node->label ()[0])));
            delete node;
            node = parent;
        }
        if (node != &root_ && node->value.empty () && node->count_ == 1)
            merge (*node, cursor);
    }

    // Calls visit(value) for each non-empty value whose key is a prefix of `text`, shortest first, while it returns true.
    template <class Visit>
    void for_prefixes (std::string_view text, Visit &&visit) const
    {
        const Node *node = &root_;
        for (;;) {
            if (!node->value.empty () && !visit (node->value))
                return;
            if (text.empty ())
                return;
            node = node->child (static_cast<unsigned char> (text[0]));
            if (!node || !text.starts_with (node->label ()))
                return;
            text.remove_prefix (node->label_size_);
        }
    }

    // Walks all nodes in order of their keys: start with root(), end at null.
    Node *root () noexcept { return &root_; }
    const Node *root () const noexcept { return &root_; }
    static Node *next (const Node *node) noexcept
    {
        if (node->count_ > 0)
            return node->links ()[0];
        for (; node->parent_; node = node->parent_) {
            const Node *parent = node->parent_;
            const unsigned at = parent->position (static_cast<unsigned char> (node->label ()[0])) + 1;
            if (at < parent->count_)
                return parent->links ()[at];
        }
        return nullptr;
    }
    // The key of a node. Throws std::bad_alloc.
    static std::string key_of (const Node *node)
    {
        std::size_t size = 0;
        for (const Node *at = node; at; at = at->parent_)
            size += at->label_size_;
        std::string key (size, '\0');
        for (const Node *at = node; at; at = at->parent_) {
            size -= at->label_size_;
            std::memcpy (key.data () + size, at->label ().data (), at->label_size_);
        }
        return key;
    }

    void clear () noexcept
    {
        Node *node = &root_;
        for (;;) {
            if (node->count_ > 0) {
                node = node->links ()[node->count_ - 1];
                continue;
            }
            Node *parent = node->parent_;
            if (!parent)
                break;
            parent->remove_child (parent->count_ - 1u);
            delete node;
            node = parent;
        }
        root_.value = Value{};
    }

  private:
    struct Free
    {
        void operator() (Node *node) const noexcept { delete node; }
    };
    using Fresh = std::unique_ptr<Node, Free>;

    Node *add_leaf (Node &parent, std::string_view label)
    {
        Fresh leaf (new Node);
        leaf->set_label (label);
        parent.reserve_child ();
        parent.insert_child (leaf.get ());
        return leaf.release ();
    }

    // Makes `node` end after `at` bytes of its label; what it had goes to a new child with the rest.
    static void split (Node &node, std::size_t at)
    {
        Fresh lower (new Node);
        lower->set_label (node.label ().substr (at));
        void *block = ::operator new (sizeof (Node *) + 1);
        try {
            node.set_label (node.label ().substr (0, at));
        } catch (...) {
            ::operator delete (block);
            throw;
        }
        lower->adopt (node);
        node.children_ = block;
        node.capacity_ = 1;
        node.insert_child (lower.release ());
    }

    // Lets `node`, an empty fork, swallow its only child. Without memory for the longer label the fork stays: it does no harm.
    static void merge (Node &node, Node **cursor) noexcept
    {
        Node *child = node.links ()[0];
        try {
            std::string label (node.label ());
            label += child->label ();
            node.set_label (label);
        } catch (const std::bad_alloc &) {
            return;
        }
        node.adopt (*child);
        if (cursor && *cursor == child)
            *cursor = &node;
        delete child;
    }

    Node root_;
};

}  // namespace engine
