// Subscription matching against a naive model, and its behaviour with hostile topics.
#include "message/subscription_trie.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using engine::CountedTopics;
using engine::Pipe;
using engine::SubscriptionTrie;
using Added = SubscriptionTrie::Added;
using Removed = SubscriptionTrie::Removed;

namespace {

Pipe *pipe (std::uintptr_t number) { return reinterpret_cast<Pipe *> (number * 64); }

std::string random_topic (std::mt19937 &random)
{
    // Few letters and lengths around the size of an inlined label, so that forks, splits and merges are frequent.
    std::string topic (random () % 4 == 0 ? random () % 24 : random () % 5, 'a');
    for (char &letter : topic)
        letter = "ab\xff\0"[random () % 4];
    return topic;
}

std::multiset<Pipe *> matched (const SubscriptionTrie &trie, std::string_view text)
{
    std::multiset<Pipe *> found;
    trie.match (text, [&] (Pipe *one) { found.insert (one); });
    return found;
}

void nobody_told (std::string_view, bool) {}

}  // namespace

TEST_CASE ("a publisher's trie reports first and last subscribers")
{
    SubscriptionTrie trie;
    CHECK (trie.topics () == 0);
    CHECK (trie.add ("news", pipe (1)) == Added::first);
    CHECK (trie.add ("news", pipe (1)) == Added::already);
    CHECK (trie.add ("news", pipe (2)) == Added::further);
    CHECK (trie.add ("", pipe (3)) == Added::first);
    CHECK (trie.topics () == 2);
    CHECK (matched (trie, "newspaper") == std::multiset<Pipe *>{pipe (1), pipe (2), pipe (3)});
    CHECK (matched (trie, "new") == std::multiset<Pipe *>{pipe (3)});
    CHECK (trie.matches ("news!", pipe (1)));
    CHECK_FALSE (trie.matches ("nets!", pipe (1)));
    CHECK (trie.remove ("news", pipe (3)) == Removed::not_found);
    CHECK (trie.remove ("new", pipe (1)) == Removed::not_found);
    CHECK (trie.remove ("newspaper", pipe (1)) == Removed::not_found);
    CHECK (trie.remove ("news", pipe (1)) == Removed::others_left);
    CHECK (trie.remove ("news", pipe (2)) == Removed::last);
    CHECK (trie.remove ("", pipe (3)) == Removed::last);
    CHECK (trie.topics () == 0);
}

TEST_CASE ("a pipe that goes away is reported topic by topic, in order")
{
    SubscriptionTrie trie;
    for (const char *topic : {"b", "", "abc", "ab", "abd", "abcdefghijklmnopqrstuvwxyz"})
        trie.add (topic, pipe (1));
    trie.add ("ab", pipe (2));
    std::vector<std::pair<std::string, bool>> gone;
    trie.remove_pipe (pipe (1), [&] (std::string_view topic, bool last) { gone.emplace_back (topic, last); });
    CHECK (gone == std::vector<std::pair<std::string, bool>>{
                     {"", true}, {"ab", false}, {"abc", true}, {"abcdefghijklmnopqrstuvwxyz", true}, {"abd", true}, {"b", true}});
    CHECK (trie.topics () == 1);
    CHECK (matched (trie, "abcd").count (pipe (1)) == 0);
    trie.remove_pipe (pipe (9), nobody_told);
    CHECK (matched (trie, "abc") == std::multiset<Pipe *>{pipe (2)});
}

TEST_CASE ("a publisher's trie agrees with a naive model")
{
    std::mt19937 random (20261);
    for (int round = 0; round < 40; ++round) {
        SubscriptionTrie trie;
        std::map<std::string, std::set<Pipe *>> model;
        for (int step = 0; step < 400; ++step) {
            const std::string topic = random_topic (random);
            Pipe *const who = pipe (1 + random () % 6);
            switch (random () % 8) {
            case 0:
            case 1:
            case 2: {
                auto &set = model[topic];
                const Added expected = set.empty () ? Added::first : set.count (who) ? Added::already : Added::further;
                set.insert (who);
                CHECK (trie.add (topic, who) == expected);
                break;
            }
            case 3:
            case 4: {
                Removed expected = Removed::not_found;
                if (const auto at = model.find (topic); at != model.end () && at->second.erase (who)) {
                    expected = at->second.empty () ? Removed::last : Removed::others_left;
                    if (at->second.empty ())
                        model.erase (at);
                }
                CHECK (trie.remove (topic, who) == expected);
                break;
            }
            case 5: {
                if (random () % 8 != 0)
                    break;
                std::map<std::string, bool> gone;
                std::map<std::string, bool> expected;
                for (auto at = model.begin (); at != model.end ();) {
                    if (at->second.erase (who))
                        expected[at->first] = at->second.empty ();
                    at = at->second.empty () ? model.erase (at) : std::next (at);
                }
                trie.remove_pipe (who, [&] (std::string_view name, bool last) { gone[std::string (name)] = last; });
                CHECK (gone == expected);
                break;
            }
            default: {
                const std::string text = topic + random_topic (random);
                std::multiset<Pipe *> expected;
                for (const auto &[name, set] : model)
                    if (text.starts_with (name))
                        expected.insert (set.begin (), set.end ());
                CHECK (matched (trie, text) == expected);
                CHECK (trie.matches (text, who) == (expected.count (who) > 0));
                break;
            }
            }
            CHECK (trie.topics () == model.size ());
        }
        std::map<std::string, bool> gone;
        std::map<std::string, bool> expected;
        for (std::size_t i = 1; i <= 6; ++i) {
            std::string previous;
            trie.remove_pipe (pipe (i), [&] (std::string_view name, bool last) {
                CHECK (previous <= std::string (name));
                previous = name;
                gone[std::string (name)] |= last;
            });
        }
        for (const auto &entry : model)
            expected[entry.first] = true;
        CHECK (gone == expected);
        CHECK (trie.topics () == 0);
        CHECK (matched (trie, "a").empty ());
    }
}

TEST_CASE ("a subscriber's topics are counted")
{
    CountedTopics topics;
    CHECK_FALSE (topics.matches (""));
    CHECK (topics.add ("a") == 1);
    CHECK (topics.add ("a") == 2);
    CHECK (topics.add ("abc") == 1);
    CHECK (topics.topics () == 2);
    CHECK (topics.matches ("ab"));
    CHECK_FALSE (topics.matches ("b"));
    CHECK (topics.remove ("ab") == CountedTopics::Removed::not_found);
    CHECK (topics.remove ("a") == CountedTopics::Removed::others_left);
    CHECK (topics.matches ("ab"));
    CHECK (topics.remove ("a") == CountedTopics::Removed::last);
    CHECK_FALSE (topics.matches ("ab"));
    CHECK (topics.add ("") == 1);
    CHECK (topics.matches (""));
}

TEST_CASE ("a subscriber's topics agree with a naive model")
{
    std::mt19937 random (7);
    CountedTopics topics;
    std::map<std::string, std::size_t> model;
    for (int step = 0; step < 20000; ++step) {
        const std::string topic = random_topic (random);
        if (random () % 2 == 0) {
            CHECK (topics.add (topic) == ++model[topic]);
        } else if (const auto at = model.find (topic); at == model.end ()) {
            CHECK (topics.remove (topic) == CountedTopics::Removed::not_found);
        } else {
            const bool last = --at->second == 0;
            CHECK (topics.remove (topic) == (last ? CountedTopics::Removed::last : CountedTopics::Removed::others_left));
            if (last)
                model.erase (at);
        }
        const std::string text = random_topic (random);
        bool expected = false;
        for (const auto &entry : model)
            expected = expected || text.starts_with (entry.first);
        CHECK (topics.matches (text) == expected);
    }
    std::map<std::string, std::size_t> listed;
    topics.for_each ([&] (std::string_view topic, std::size_t count) { listed.emplace (topic, count); });
    CHECK (listed == model);
}

TEST_CASE ("deep and long topics need neither stack nor quadratic time")
{
    SubscriptionTrie trie;
    std::string topic;
    for (int depth = 0; depth < 5000; ++depth) {
        trie.add (topic, pipe (1));
        topic += 'a';
    }
    trie.add (std::string (8u << 20, 'b'), pipe (2));
    CHECK (matched (trie, topic).size () == 5000);
    CHECK (trie.matches (std::string (9u << 20, 'b'), pipe (2)));
    CHECK_FALSE (trie.matches (std::string (7u << 20, 'b'), pipe (2)));
    for (int byte = 0; byte < 256; ++byte)
        CHECK (trie.add (std::string ("fork") + static_cast<char> (byte), pipe (3)) == Added::first);
    for (int byte = 0; byte < 256; ++byte)
        CHECK (matched (trie, std::string ("fork") + static_cast<char> (byte) + "!").count (pipe (3)) == 1);
    trie.remove_pipe (pipe (3), nobody_told);
    CHECK (trie.topics () == 5001);
}
