// The map below subscriptions: against a naive model through bursts, splits and collapses, with long keys, and how little it takes.
#include "message/topic_map.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <malloc.h>

using engine::TopicMap;
using Code = TopicMap::Code;

namespace {

using Model = std::map<std::string, Code>;

std::vector<Code> expected_prefixes (const Model &model, const std::string &text)
{
    std::vector<Code> found;
    for (std::size_t size = 0; size <= text.size (); ++size)
        if (const auto at = model.find (text.substr (0, size)); at != model.end ())
            found.push_back (at->second);
    return found;
}

std::vector<Code> prefixes (const TopicMap &map, std::string_view text)
{
    std::vector<Code> found;
    map.for_prefixes (text, [&] (Code code) {
        found.push_back (code);
        return true;
    });
    return found;
}

Model all (const TopicMap &map)
{
    Model found;
    std::string previous;
    map.for_each ([&] (std::string_view key, Code code) {
        CHECK ((found.empty () || previous < std::string (key)));
        previous = key;
        found.emplace (key, code);
    });
    return found;
}

std::string random_key (std::mt19937 &random)
{
    static constexpr char letters[] = {'a', 'b', '\0', '\xff'};
    std::string key;
    switch (random () % 16) {
    case 0:  // around the lengths that an entry spells in one byte and in five
        key.assign (250 + random () % 10, 'l');
        break;
    case 1:
        key.assign (random () % 1500, 'x');
        break;
    case 2:
    case 3:
        key = "a common beginning of many ";
        break;
    default:
        break;
    }
    for (std::size_t size = random () % 7; size > 0; --size)
        key += letters[random () % 4];
    return key;
}

// Bytes that malloc has given out. 0 under sanitizers, which have their own.
std::size_t allocated () { return ::mallinfo2 ().uordblks; }

}  // namespace

TEST_CASE ("topic map: agrees with a naive model")
{
    std::mt19937 random (20265);
    for (int round = 0; round < 6; ++round) {
        TopicMap map;
        Model model;
        const unsigned adding = round % 3 + 2;  // of 8
        for (int step = 0; step < 6000; ++step) {
            const std::string key = random_key (random);
            const auto code = static_cast<Code> (1 + random () % 1000);
            const auto known = model.find (key);
            REQUIRE (map.find (key) == (known == model.end () ? 0 : known->second));
            if (random () % 8 < adding) {
                if (known == model.end ())
                    map.insert (key, code);
                else
                    map.change (key, code);
                model[key] = code;
            } else if (known != model.end ()) {
                map.erase (key);
                model.erase (known);
            } else {
                const std::string text = key + random_key (random);
                REQUIRE (prefixes (map, text) == expected_prefixes (model, text));
            }
            if (step % 1000 == 0) {
                REQUIRE (all (map) == model);
                const Code part = 1 + random () % 4;  // every code that it divides goes, others change
                map.change_each (
                  [&] (Code before, const TopicMap::Walk &walk) {
                      REQUIRE (model.at (walk.key ()) == before);
                      return before % part == 0 ? 0 : before + 1;
                  },
                  [] { return true; });
                for (auto at = model.begin (); at != model.end ();) {
                    if (at->second % part == 0) {
                        at = model.erase (at);
                    } else {
                        ++at->second;
                        ++at;
                    }
                }
                REQUIRE (all (map) == model);
            }
        }
        // Whichever way it empties, nothing stays.
        while (!model.empty ()) {
            const auto at = std::next (model.begin (), static_cast<std::ptrdiff_t> (random () % model.size ()));
            map.erase (at->first);
            model.erase (at);
        }
        CHECK (all (map).empty ());
    }
}

TEST_CASE ("topic map: a walk ends where it is told to")
{
    TopicMap map;
    for (Code code = 1; code <= 100; ++code)
        map.insert (std::to_string (code), code);
    int seen = 0;
    map.change_each ([&] (Code, const TopicMap::Walk &) -> Code { return ++seen, 0; }, [&] { return seen < 60; });
    CHECK (seen == 60);
    CHECK (all (map).size () == 40);
}

TEST_CASE ("topic map: a peer that nests its topics as deep as it can takes no stack")
{
    TopicMap map;
    std::string key;
    constexpr Code most = 10000;
    for (Code code = 1; code <= most; ++code) {
        key += 'a';
        map.insert (key, code);
    }
    CHECK (prefixes (map, key).size () == most);
    CHECK (map.find (key) == most);
    map.change_each ([] (Code code, const TopicMap::Walk &) { return code % 2 ? code : 0; }, [] { return true; });
    CHECK (prefixes (map, key).size () == most / 2);
    for (Code code = 1; code <= most; code += 2)
        map.erase (std::string (code, 'a'));
    CHECK (prefixes (map, key).empty ());
}

TEST_CASE ("topic map: what a topic takes, and that it is given back")
{
    if (allocated () == 0)
        return;
    std::mt19937_64 random (7);
    constexpr Code count = 100000;
    std::vector<std::string> numbered, drawn;
    for (Code code = 0; code < count; ++code) {
        std::string number = std::to_string (code);
        numbered.push_back ("markets." + std::string (8 - number.size (), '0') + number);
        std::string bytes (16, '\0');
        for (char &byte : bytes)
            byte = static_cast<char> (random ());
        drawn.push_back (bytes);
    }
    for (const auto &[keys, most] : {std::pair{&numbered, 15.0}, {&drawn, 45.0}}) {
        TopicMap map;
        const std::size_t before = allocated ();
        for (const std::string &key : *keys)
            map.insert (key, 1);
        const double bytes = static_cast<double> (allocated () - before) / count;
        MESSAGE ("bytes a topic: " << bytes);
        CHECK (bytes < most);
        // Nine of ten go: so does their memory.
        for (Code code = 0; code < count; ++code)
            if (code % 10 != 0)
                map.erase ((*keys)[code]);
        CHECK (static_cast<double> (allocated () - before) / count < most / 2);
        for (Code code = 0; code < count; code += 10)
            map.erase ((*keys)[code]);
        CHECK (allocated () <= before + 65536);  // what malloc keeps for the next small ones counts as given out
    }
}
