#include "io/endpoint_list.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

using namespace engine;

namespace {

struct Held
{
    explicit Held (int number_, int &alive_) : number (number_), alive (alive_) { ++alive; }
    ~Held () { --alive; }
    Held (const Held &) = delete;
    Held &operator= (const Held &) = delete;

    int number;
    int &alive;
    std::size_t place = 0;
};

std::vector<int> numbers (const EndpointList<Held> &list)
{
    std::vector<int> found;
    for (const auto &held : list)
        found.push_back (held->number);
    std::sort (found.begin (), found.end ());
    return found;
}

}  // namespace

TEST_CASE ("an endpoint that was retired works no more, and is freed later")
{
    int alive = 0;
    EndpointList<Held> list;
    std::vector<Held *> held;
    for (int i = 0; i < 5; ++i)
        held.push_back (&list.add (std::make_unique<Held> (i, alive)));
    list.retire (*held[1]);
    list.retire (*held[4]);
    list.retire (*held[1]);  // it is already
    CHECK (numbers (list) == std::vector<int>{0, 2, 3});
    CHECK (alive == 5);
    list.free_retired ();
    CHECK (alive == 3);
    list.add (std::make_unique<Held> (7, alive));
    CHECK (numbers (list) == std::vector<int>{0, 2, 3, 7});
    list.clear ();
    CHECK (alive == 0);
    CHECK (list.empty ());
}

TEST_CASE ("endpoints may be retired while they are visited, also those that come later")
{
    int alive = 0;
    EndpointList<Held> list;
    std::vector<Held *> held;
    for (int i = 0; i < 10; ++i)
        held.push_back (&list.add (std::make_unique<Held> (i, alive)));
    std::vector<bool> visited (10);
    list.visit ([&] (Held &one) {
        visited[static_cast<std::size_t> (one.number)] = true;
        list.retire (one);
        if (one.number == 6)
            list.retire (*held[2]);
    });
    CHECK (list.empty ());
    CHECK (std::count (visited.begin (), visited.end (), true) == 9);
    CHECK_FALSE (visited[2]);
    CHECK (alive == 10);
}
