// The parts of subscription matching that are not worth inlining; see subscription_trie.hpp.
#include "message/subscription_trie.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace engine {

// The pipe's number; a new one has no topics yet.
SubscriptionTrie::Number SubscriptionTrie::take_number (Pipe *pipe)
{
    Numbered &numbered = numbers_[pipe];
    if (numbered.number)
        return numbered.number;
    try {
        if (free_numbers_.empty ()) {
            if (free_numbers_.capacity () < pipes_by_number_.size ())
                free_numbers_.reserve (2 * pipes_by_number_.size () + 4);
            pipes_by_number_.push_back (nullptr);
            free_numbers_.push_back (static_cast<Number> (pipes_by_number_.size () - 1));
        }
    } catch (...) {
        numbers_.erase (pipe);
        throw;
    }
    numbered.number = free_numbers_.back ();
    free_numbers_.pop_back ();
    pipes_by_number_[numbered.number] = pipe;
    return numbered.number;
}

void SubscriptionTrie::give_back (Numbers::iterator entry) noexcept
{
    pipes_by_number_[entry->second.number] = nullptr;
    free_numbers_.push_back (entry->second.number);
    numbers_.erase (entry);
    if (numbers_.empty ()) {
        std::vector<Set> ().swap (sets_);
        std::vector<std::uint32_t> ().swap (free_sets_);
    }
}

std::uint32_t SubscriptionTrie::new_set (Number one, Number other)
{
    Set set{std::min (one, other), std::max (one, other)};
    if (free_sets_.empty ()) {
        if (free_sets_.capacity () <= sets_.size ())
            free_sets_.reserve (2 * sets_.size () + 4);
        sets_.push_back (std::move (set));
        return static_cast<std::uint32_t> (sets_.size () - 1);
    }
    const std::uint32_t index = free_sets_.back ();
    sets_[index] = std::move (set);
    free_sets_.pop_back ();
    return index;
}

// Makes a topic's code one without that pipe: 0 if it was the last. False: it did not have it.
bool SubscriptionTrie::take_out (TopicMap::Code &code, Number number) noexcept
{
    if (!(code & is_set)) {
        if (code != number)
            return false;
        code = 0;
        return true;
    }
    const std::uint32_t index = code & ~is_set;
    Set &set = sets_[index];
    const auto at = std::lower_bound (set.begin (), set.end (), number);
    if (at == set.end () || *at != number)
        return false;
    set.erase (at);
    if (set.size () < set.capacity () / 4) {
        try {
            set.shrink_to_fit ();
        } catch (const std::bad_alloc &) {  // it stays as large as it is
        }
    }
    if (set.size () == 1) {
        code = set[0];
        Set ().swap (set);
        free_sets_.push_back (index);
    }
    return true;
}

SubscriptionTrie::Added SubscriptionTrie::add (std::string_view topic, Pipe *pipe)
{
    const Number number = take_number (pipe);
    try {
        const TopicMap::Code code = topics_by_name_.find (topic);
        if (code == 0) {
            topics_by_name_.insert (topic, number);
            ++topics_;
        } else if (code == number) {
            return Added::already;
        } else if (!(code & is_set)) {
            topics_by_name_.change (topic, new_set (code, number) | is_set);
        } else {
            Set &set = sets_[code & ~is_set];
            const auto at = std::lower_bound (set.begin (), set.end (), number);
            if (at != set.end () && *at == number)
                return Added::already;
            const auto offset = at - set.begin ();
            if (set.size () == set.capacity ())
                set.reserve (set.size () + std::max<std::size_t> (2, set.size () / 8));
            set.insert (set.begin () + offset, number);
        }
        ++numbers_.find (pipe)->second.topics;
        return code == 0 ? Added::first : Added::further;
    } catch (...) {
        if (const auto entry = numbers_.find (pipe); entry->second.topics == 0)
            give_back (entry);
        throw;
    }
}

SubscriptionTrie::Removed SubscriptionTrie::remove (std::string_view topic, Pipe *pipe) noexcept
{
    const auto entry = numbers_.find (pipe);
    TopicMap::Code code = topics_by_name_.find (topic);
    if (entry == numbers_.end () || !take_out (code, entry->second.number))
        return Removed::not_found;
    if (--entry->second.topics == 0)
        give_back (entry);
    if (code) {
        topics_by_name_.change (topic, code);
        return Removed::others_left;
    }
    topics_by_name_.erase (topic);
    --topics_;
    return Removed::last;
}

bool SubscriptionTrie::matches (std::string_view text, const Pipe *pipe) const noexcept
{
    bool found = false;
    const auto entry = numbers_.find (pipe);
    if (entry == numbers_.end ())
        return false;
    const Number number = entry->second.number;
    topics_by_name_.for_prefixes (text, [&] (TopicMap::Code code) {
        found =
          code == number || ((code & is_set) && std::binary_search (sets_[code & ~is_set].begin (), sets_[code & ~is_set].end (), number));
        return !found;
    });
    return found;
}

std::size_t CountedTopics::add (std::string_view topic)
{
    const TopicMap::Code count = counts_.find (topic);
    if (count == std::numeric_limits<TopicMap::Code>::max ())
        throw std::bad_alloc ();
    if (count == 0) {
        counts_.insert (topic, 1);
        ++topics_;
    } else {
        counts_.change (topic, count + 1);
    }
    return std::size_t{count} + 1;
}

CountedTopics::Removed CountedTopics::remove (std::string_view topic) noexcept
{
    const TopicMap::Code count = counts_.find (topic);
    if (count == 0)
        return Removed::not_found;
    if (count > 1) {
        counts_.change (topic, count - 1);
        return Removed::others_left;
    }
    counts_.erase (topic);
    --topics_;
    return Removed::last;
}

}  // namespace engine
