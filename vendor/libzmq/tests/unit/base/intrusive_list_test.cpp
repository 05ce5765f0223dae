// Lists through their objects: order, being in a list once, taking all, ending while listed.
#include "base/intrusive_list.hpp"

#include <optional>
#include <string>

#include <doctest/doctest.h>

using namespace engine;

namespace {

struct Letter : Listed<Letter>
{
    explicit Letter (char value_) : value (value_) {}
    char value;
};

std::string taken (List<Letter> &list)
{
    std::string text;
    while (const Letter *const letter = list.take ())
        text += letter->value;
    CHECK (list.empty ());
    return text;
}

}  // namespace

TEST_CASE ("intrusive list: first in, first out, and each once")
{
    List<Letter> list;
    CHECK (list.empty ());
    CHECK (list.take () == nullptr);
    Letter a ('a'), b ('b'), c ('c');
    for (Letter *letter : {&a, &b, &a, &c, &b})
        list.add (*letter);
    CHECK_FALSE (list.empty ());
    CHECK (a.listed ());
    CHECK (taken (list) == "abc");
    CHECK_FALSE (a.listed ());
    list.add (a);
    CHECK (taken (list) == "a");
}

TEST_CASE ("intrusive list: who ends or leaves is missing, the others are not")
{
    List<Letter> list;
    Letter a ('a'), c ('c');
    std::optional<Letter> b ('b');
    for (const bool ends : {false, true}) {
        CAPTURE (ends);
        list.add (a);
        list.add (*b);
        list.add (c);
        if (ends)
            b.reset ();
        else
            b->unlist ();
        CHECK (taken (list) == "ac");
    }
    list.add (a);
    a.unlist ();
    a.unlist ();
    CHECK (list.empty ());
}

TEST_CASE ("intrusive list: another takes all")
{
    List<Letter> list, other;
    list.take_all (other);
    CHECK (list.empty ());
    Letter a ('a'), b ('b'), c ('c');
    other.add (a);
    other.add (b);
    list.take_all (other);
    CHECK (other.empty ());
    other.add (a);  // is in the list
    other.add (c);
    CHECK (taken (list) == "ab");
    CHECK (taken (other) == "c");
}
