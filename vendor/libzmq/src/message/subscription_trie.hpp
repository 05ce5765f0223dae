// Topics and who asked for them, matched by prefix: SubscriptionTrie for publishers (a set of pipes per topic), CountedTopics
// for subscribers (a count per topic). Knows neither messages nor modes such as XPUB_VERBOSE: it only reports what changed.
//
// Topics are any bytes, the empty one matches all. Not thread-safe. What allocates throws std::bad_alloc and has then changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "message/radix_tree.hpp"

namespace engine {

class Pipe;  // pattern/pipe.hpp; only the address is used

// A set of pipes in order of address. One pipe needs no memory.
class PipeSet
{
  public:
    PipeSet () = default;
    PipeSet (PipeSet &&other) noexcept : one_ (other.one_), count_ (other.count_), capacity_ (other.capacity_) { other.forget (); }
    PipeSet &operator= (PipeSet &&other) noexcept
    {
        if (this != &other) {
            drop ();
            one_ = other.one_;
            count_ = other.count_;
            capacity_ = other.capacity_;
            other.forget ();
        }
        return *this;
    }
    ~PipeSet () { drop (); }

    bool empty () const noexcept { return count_ == 0; }
    std::size_t size () const noexcept { return count_; }
    Pipe *const *begin () const noexcept { return capacity_ ? many_ : &one_; }
    Pipe *const *end () const noexcept { return begin () + count_; }
    bool contains (const Pipe *pipe) const noexcept;
    bool insert (Pipe *pipe);                // false: was in already
    bool erase (const Pipe *pipe) noexcept;  // false: was not in

  private:
    void drop () noexcept
    {
        if (capacity_)
            delete[] many_;
    }
    void forget () noexcept
    {
        one_ = nullptr;
        count_ = capacity_ = 0;
    }

    union
    {
        Pipe *one_ = nullptr;
        Pipe **many_;
    };
    std::uint32_t count_ = 0;
    std::uint32_t capacity_ = 0;  // 0: one_ is in use
};

class SubscriptionTrie
{
  public:
    enum class Added
    {
        first,    // the topic had no subscriber
        further,  // it had others
        already   // this pipe was subscribed: nothing changed
    };
    enum class Removed
    {
        last,  // the topic has no subscriber left
        others_left,
        not_found  // this pipe was not subscribed to it: nothing changed
    };

    Added add (std::string_view topic, Pipe *pipe);
    Removed remove (std::string_view topic, Pipe *pipe) noexcept;

    // Forgets a pipe, calling gone(topic, was_last) for each topic it had, in order of topic. The pipe is forgotten in any case;
    // topics that no memory is left to spell out are not reported. `gone` must not touch the trie.
    template <class Gone>
    void remove_pipe (Pipe *pipe, Gone &&gone);

    // Calls visit(pipe) for the pipes of every topic that is a prefix of `text`: a pipe may come more than once (for several of its
    // topics). `visit` must not touch the trie.
    template <class Visit>
    void match (std::string_view text, Visit &&visit) const
    {
        tree_.for_prefixes (text, [&] (const PipeSet &pipes) {
            for (Pipe *pipe : pipes)
                visit (pipe);
            return true;
        });
    }
    // True if this pipe has a topic that is a prefix of `text`.
    bool matches (std::string_view text, const Pipe *pipe) const noexcept;

    std::size_t topics () const noexcept { return topics_; }                  // distinct ones
    std::size_t pipes () const noexcept { return topics_per_pipe_.size (); }  // with a topic

  private:
    using Tree = RadixTree<PipeSet>;
    void count_down (Pipe *pipe) noexcept;

    Tree tree_;
    std::unordered_map<Pipe *, std::size_t> topics_per_pipe_;  // ends the search of remove_pipe() early
    std::size_t topics_ = 0;
};

class CountedTopics
{
  public:
    // The count after it: 1 = the topic is new.
    std::size_t add (std::string_view topic);
    enum class Removed
    {
        last,
        others_left,
        not_found
    };
    Removed remove (std::string_view topic) noexcept;

    // True if any topic is a prefix of `text`.
    bool matches (std::string_view text) const noexcept
    {
        bool found = false;
        tree_.for_prefixes (text, [&] (const Count &) {
            found = true;
            return false;
        });
        return found;
    }

    std::size_t topics () const noexcept { return topics_; }  // distinct ones
    // Calls visit(topic, count) in order of topic. `visit` must not touch the object.
    template <class Visit>
    void for_each (Visit &&visit) const
    {
        for (const Tree::Node *node = tree_.root (); node; node = Tree::next (node))
            if (!node->value.empty ())
                visit (std::string_view (Tree::key_of (node)), node->value.count);
    }

  private:
    struct Count
    {
        std::size_t count = 0;
        bool empty () const noexcept { return count == 0; }
    };
    using Tree = RadixTree<Count>;

    Tree tree_;
    std::size_t topics_ = 0;
};

template <class Gone>
void SubscriptionTrie::remove_pipe (Pipe *pipe, Gone &&gone)
{
    const auto entry = topics_per_pipe_.find (pipe);
    if (entry == topics_per_pipe_.end ())
        return;
    std::size_t left = entry->second;
    topics_per_pipe_.erase (entry);
    for (Tree::Node *node = tree_.root (); left > 0;) {
        Tree::Node *following = Tree::next (node);
        if (node->value.erase (pipe)) {
            --left;
            const bool last = node->value.empty ();
            try {
                const std::string topic = Tree::key_of (node);
                gone (std::string_view (topic), last);
            } catch (const std::bad_alloc &) {  // the report is lost, see above
            }
            if (last) {
                --topics_;
                tree_.prune (node, &following);
            }
        }
        node = following;
    }
}

}  // namespace engine
