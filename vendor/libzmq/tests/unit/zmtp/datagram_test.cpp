// What lies in a datagram of RADIO and DISH.
#include "zmtp/datagram.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace engine;

namespace {

bool parse (std::string_view bytes, GroupedDatagram &out)
{
    return parse_grouped ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()}, out);
}
std::string body_of (const GroupedDatagram &datagram) { return {datagram.body.begin (), datagram.body.end ()}; }

}  // namespace

TEST_CASE ("datagram: a byte with the group's length, the group, the body")
{
    GroupedDatagram out;
    REQUIRE (parse ("\4newsbody", out));
    CHECK (out.group == "news");
    CHECK (body_of (out) == "body");
    REQUIRE (parse (std::string_view ("\0body", 5), out));
    CHECK (out.group.empty ());
    CHECK (body_of (out) == "body");
    REQUIRE (parse ("\4news", out));
    CHECK (out.group == "news");
    CHECK (out.body.empty ());
    REQUIRE (parse (std::string_view ("\0", 1), out));
    CHECK (out.group.empty ());
    CHECK (out.body.empty ());
    const std::string longest (255, 'g');
    const std::string bytes = '\xff' + longest + "b";
    REQUIRE (parse (bytes, out));
    CHECK (out.group == longest);
    CHECK (body_of (out) == "b");
}

TEST_CASE ("datagram: what is not what it claims to be")
{
    GroupedDatagram out;
    CHECK_FALSE (parse ("", out));
    CHECK_FALSE (parse ("\1", out));
    CHECK_FALSE (parse ("\5news", out));
    CHECK_FALSE (parse (std::string (255, '\xff'), out));
    CHECK_FALSE (parse (std::string_view ("\5new\0sbody", 10), out));
    CHECK (parse ("\1g" + std::string (longest_datagram - 2, 'b'), out));
    CHECK_FALSE (parse ("\1g" + std::string (longest_datagram - 1, 'b'), out));
}
