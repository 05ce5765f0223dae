// Message parts: where bodies live, who frees them, what a copy shares.
#include "message/msg.hpp"

#include <cerrno>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "message/metadata.hpp"

using engine::Kind;
using engine::Metadata;
using engine::Msg;

namespace {

std::string bytes (std::size_t size)
{
    std::string text (size, '\0');
    for (std::size_t at = 0; at < size; ++at)
        text[at] = static_cast<char> ('a' + at % 26);
    return text;
}

void count_free (void *, void *hint) { ++*static_cast<int *> (hint); }

}  // namespace

TEST_CASE ("bodies of every size keep their bytes and their place")
{
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 32, 33, 34, 255, 256, 70000}) {
        const std::string text = bytes (size);
        Msg message;
        REQUIRE (message.init_copy (text.data (), size) == 0);
        CHECK (message.is_inside () == (size <= Msg::inline_capacity));
        CHECK (message.size () == size);
        CHECK (message.view () == text);
        CHECK_FALSE (message.shared ());

        Msg moved (std::move (message));
        CHECK (moved.view () == text);
        CHECK (message.size () == 0);
        CHECK (message.valid ());

        Msg copy;
        REQUIRE (copy.copy_from (moved) == 0);
        CHECK (copy.view () == text);
        CHECK (copy.shared () == (size > Msg::inline_capacity));
        CHECK (moved.shared () == (size > Msg::inline_capacity));
        CHECK ((copy.data () == moved.data ()) == (size > Msg::inline_capacity));
        moved.close ();
        CHECK_FALSE (moved.valid ());
        CHECK (copy.view () == text);
        moved.init ();
        moved = std::move (copy);
        CHECK (moved.view () == text);
    }
}

TEST_CASE ("an impossible size is ENOMEM and leaves an empty message")
{
    Msg message;
    CHECK (message.init_size (std::numeric_limits<std::size_t>::max ()) == ENOMEM);
    CHECK (message.valid ());
    CHECK (message.size () == 0);
}

TEST_CASE ("external memory is given back exactly once, with the last reference")
{
    int freed = 0;
    std::string text = "the application's";
    Msg message;
    REQUIRE (message.init_external (text.data (), text.size (), count_free, &freed) == 0);
    CHECK (message.data () == reinterpret_cast<std::uint8_t *> (text.data ()));
    CHECK_FALSE (message.shared ());
    Msg copy;
    REQUIRE (copy.copy_from (message) == 0);
    REQUIRE (copy.copy_from (copy) == 0);
    message.reset ();
    CHECK (freed == 0);
    Msg another (std::move (copy));
    another.close ();
    CHECK (freed == 1);

    REQUIRE (message.init_external (text.data (), text.size (), nullptr, nullptr) == 0);
    CHECK (message.shared ());
    CHECK (message.view () == text);
    message.reset ();
    CHECK (freed == 1);
}

TEST_CASE ("references may be dropped in any thread")
{
    int freed = 0;
    std::string text = bytes (1000);
    Msg message;
    REQUIRE (message.init_external (text.data (), text.size (), count_free, &freed) == 0);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back ([copy = [&] {
            auto one = std::make_unique<Msg> ();
            CHECK (one->copy_from (message) == 0);
            return one;
        }()] () mutable {
            for (int turn = 0; turn < 1000; ++turn) {
                Msg again;
                static_cast<void> (again.copy_from (*copy));
            }
            copy.reset ();
        });
    message.reset ();
    for (std::thread &thread : threads)
        thread.join ();
    CHECK (freed == 1);
}

TEST_CASE ("attributes travel with moves and copies")
{
    Msg message;
    REQUIRE (message.init_copy ("x", 1) == 0);
    message.set_more (true);
    message.set_kind (Kind::command);
    message.set_routing_id (77);
    CHECK (message.more ());
    message.set_more (false);
    CHECK (message.kind () == Kind::command);
    message.set_more (true);
    message.set_kind (Kind::join);
    Msg copy;
    REQUIRE (copy.copy_from (message) == 0);
    CHECK (copy.more ());
    CHECK (copy.kind () == Kind::join);
    CHECK (copy.routing_id () == 77);
    copy.reset ();
    CHECK_FALSE (copy.more ());
    CHECK (copy.kind () == Kind::data);
}

TEST_CASE ("groups of every length")
{
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 14, 15, 255, 300}) {
        Msg message;
        REQUIRE (message.set_group (bytes (size)) == 0);
        CHECK (std::string (message.group ()) == bytes (size).substr (0, 255));
        Msg copy;
        REQUIRE (copy.copy_from (message) == 0);
        REQUIRE (message.set_group ("other") == 0);
        CHECK (std::string (message.group ()) == "other");
        CHECK (std::string (copy.group ()) == bytes (size).substr (0, 255));
        REQUIRE (copy.set_group (bytes (200)) == 0);
        Msg moved (std::move (copy));
        CHECK (std::string (moved.group ()) == bytes (200));
        CHECK (std::string (copy.group ()).empty ());
    }
}

TEST_CASE ("metadata is looked up by name, first occurrence first")
{
    const std::vector<Metadata::Property> properties{
      {"Socket-Type", "DEALER"}, {"Identity", "me"}, {"X-a", ""}, {"X-a", "second"}, {"X-nul", std::string ("cut\0here", 8)}};
    Metadata *metadata = Metadata::create (properties, 7);
    REQUIRE (metadata);
    CHECK (std::string (metadata->get ("Socket-Type")) == "DEALER");
    CHECK (std::string (metadata->get ("Identity")) == "me");
    CHECK (std::string (metadata->get ("Routing-Id")) == "me");
    CHECK (std::string (metadata->get ("X-a")).empty ());
    CHECK (std::string (metadata->get ("X-nul")) == "cut");
    CHECK (std::string (metadata->get ("__fd")) == "7");
    CHECK (metadata->fd () == 7);
    CHECK (metadata->get ("socket-type") == nullptr);
    CHECK (metadata->get ("Socket") == nullptr);
    CHECK (metadata->get ("") == nullptr);

    Msg message;
    message.set_metadata (metadata);
    metadata->release ();
    Msg copy;
    REQUIRE (copy.copy_from (message) == 0);
    message.set_metadata (message.metadata ());
    message.reset ();
    CHECK (std::string (copy.metadata ()->get ("Identity")) == "me");
    copy.set_metadata (nullptr);

    Metadata *empty = Metadata::create ({});
    REQUIRE (empty);
    CHECK (empty->fd () == -1);
    CHECK (empty->get ("Identity") == nullptr);
    empty->release ();
}
