// The parts of subscription matching that are not worth inlining; see subscription_trie.hpp.
#include "message/subscription_trie.hpp"

#include <algorithm>
#include <functional>

namespace engine {

bool PipeSet::contains (const Pipe *pipe) const noexcept { return std::binary_search (begin (), end (), pipe, std::less<const Pipe *> ()); }

bool PipeSet::insert (Pipe *pipe)
{
    if (count_ == 0 && capacity_ == 0) {
        one_ = pipe;
        count_ = 1;
        return true;
    }
    const auto at = static_cast<std::size_t> (std::lower_bound (begin (), end (), pipe, std::less<Pipe *> ()) - begin ());
    if (at < count_ && begin ()[at] == pipe)
        return false;
    if (capacity_ <= count_) {
        const std::uint32_t capacity = std::max<std::uint32_t> (4, count_ + count_ / 2);
        Pipe **bigger = new Pipe *[capacity];
        std::copy (begin (), end (), bigger);
        drop ();
        many_ = bigger;
        capacity_ = capacity;
    }
    std::move_backward (many_ + at, many_ + count_, many_ + count_ + 1);
    many_[at] = pipe;
    ++count_;
    return true;
}

bool PipeSet::erase (const Pipe *pipe) noexcept
{
    const auto at = static_cast<std::size_t> (std::lower_bound (begin (), end (), pipe, std::less<const Pipe *> ()) - begin ());
    if (at == count_ || begin ()[at] != pipe)
        return false;
    --count_;
    if (capacity_ == 0) {
        one_ = nullptr;
        return true;
    }
    std::move (many_ + at + 1, many_ + count_ + 1, many_ + at);
    if (count_ <= 1) {
        Pipe *only = count_ == 1 ? many_[0] : nullptr;
        drop ();
        capacity_ = 0;
        one_ = only;
    }
    return true;
}

SubscriptionTrie::Added SubscriptionTrie::add (std::string_view topic, Pipe *pipe)
{
    std::size_t &count = topics_per_pipe_[pipe];
    Tree::Node *node = nullptr;
    try {
        node = tree_.find_or_make (topic);
        if (!node->value.insert (pipe))
            return Added::already;
    } catch (...) {
        if (node)
            tree_.prune (node);
        if (count == 0)
            topics_per_pipe_.erase (pipe);
        throw;
    }
    ++count;
    if (node->value.size () > 1)
        return Added::further;
    ++topics_;
    return Added::first;
}

void SubscriptionTrie::count_down (Pipe *pipe) noexcept
{
    const auto entry = topics_per_pipe_.find (pipe);
    if (--entry->second == 0)
        topics_per_pipe_.erase (entry);
}

SubscriptionTrie::Removed SubscriptionTrie::remove (std::string_view topic, Pipe *pipe) noexcept
{
    Tree::Node *node = tree_.find (topic);
    if (!node || !node->value.erase (pipe))
        return Removed::not_found;
    count_down (pipe);
    if (!node->value.empty ())
        return Removed::others_left;
    --topics_;
    tree_.prune (node);
    return Removed::last;
}

bool SubscriptionTrie::matches (std::string_view text, const Pipe *pipe) const noexcept
{
    bool found = false;
    tree_.for_prefixes (text, [&] (const PipeSet &pipes) {
        found = pipes.contains (pipe);
        return !found;
    });
    return found;
}

std::size_t CountedTopics::add (std::string_view topic)
{
    Tree::Node *node = tree_.find_or_make (topic);
    topics_ += node->value.count == 0;
    return ++node->value.count;
}

CountedTopics::Removed CountedTopics::remove (std::string_view topic) noexcept
{
    Tree::Node *node = tree_.find (topic);
    if (!node || node->value.empty ())
        return Removed::not_found;
    if (--node->value.count > 0)
        return Removed::others_left;
    --topics_;
    tree_.prune (node);
    return Removed::last;
}

}  // namespace engine
