// Topics and who asked for them, matched by prefix: SubscriptionTrie for publishers (a set of pipes per topic), CountedTopics
// for subscribers (a count per topic). Knows neither messages nor modes such as XPUB_VERBOSE: it only reports what changed.
//
// Topics are any bytes, the empty one matches all. Not thread-safe. What allocates throws std::bad_alloc and has then changed nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "message/topic_map.hpp"

namespace engine {

class Pipe;  // pattern/pipe.hpp; only the address is used

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
        topics_by_name_.for_prefixes (text, [&] (TopicMap::Code code) {
            if (!(code & is_set)) {
                visit (pipes_by_number_[code]);
            } else {
                for (const Number number : sets_[code & ~is_set])
                    visit (pipes_by_number_[number]);
            }
            return true;
        });
    }
    // True if this pipe has a topic that is a prefix of `text`.
    bool matches (std::string_view text, const Pipe *pipe) const noexcept;

    std::size_t topics () const noexcept { return topics_; }          // distinct ones
    std::size_t pipes () const noexcept { return numbers_.size (); }  // with a topic

  private:
    // Pipes are numbered from 1, and a topic's code is its pipe's number, or where it has several the index of their set.
    using Number = std::uint32_t;
    using Set = std::vector<Number>;  // in order, two or more
    static constexpr TopicMap::Code is_set = TopicMap::Code{1} << 31;

    struct Numbered
    {
        Number number = 0;
        std::size_t topics = 0;  // ends the search of remove_pipe() early
    };
    using Numbers = std::unordered_map<const Pipe *, Numbered>;

    Number take_number (Pipe *pipe);
    void give_back (Numbers::iterator entry) noexcept;
    std::uint32_t new_set (Number one, Number other);
    bool take_out (TopicMap::Code &code, Number number) noexcept;

    TopicMap topics_by_name_;
    std::size_t topics_ = 0;
    Numbers numbers_;
    std::vector<Pipe *> pipes_by_number_{nullptr};
    std::vector<Number> free_numbers_;  // has room for all
    std::vector<Set> sets_;
    std::vector<std::uint32_t> free_sets_;  // has room for all
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
        counts_.for_prefixes (text, [&] (TopicMap::Code) {
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
        counts_.for_each ([&] (std::string_view topic, TopicMap::Code count) { visit (topic, std::size_t{count}); });
    }

  private:
    TopicMap counts_;
    std::size_t topics_ = 0;
};

template <class Gone>
void SubscriptionTrie::remove_pipe (Pipe *pipe, Gone &&gone)
{
    const auto entry = numbers_.find (pipe);
    if (entry == numbers_.end ())
        return;
    const Number number = entry->second.number;
    std::size_t left = entry->second.topics;
    topics_by_name_.change_each (
      [&] (TopicMap::Code before, const TopicMap::Walk &walk) {
          TopicMap::Code after = before;
          if (!take_out (after, number))
              return before;
          --left;
          topics_ -= after == 0;
          try {
              gone (std::string_view (walk.key ()), after == 0);
          } catch (const std::bad_alloc &) {  // the report is lost, see above
          }
          return after;
      },
      [&] { return left > 0; });
    give_back (entry);
}

}  // namespace engine
