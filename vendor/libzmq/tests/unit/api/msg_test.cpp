// zmq_msg_*: errors on invalid messages, properties, routing ids, groups. Bodies themselves are tested with Msg.
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "message/metadata.hpp"
#include "message/msg.hpp"
#include "zmq.h"

namespace {

// A message that is closed when the test ends, whatever happened.
struct Part : zmq_msg_t
{
    Part () { zmq_msg_init (this); }
    explicit Part (std::string_view body) { zmq_msg_init_buffer (this, body.data (), body.size ()); }
    ~Part () { zmq_msg_close (this); }
    Part (const Part &) = delete;
    Part &operator= (const Part &) = delete;
    std::string body () { return {static_cast<char *> (zmq_msg_data (this)), zmq_msg_size (this)}; }
};

bool fails_with (int error, int result)
{
    const bool ok = result == -1 && errno == error;
    errno = 0;
    return ok;
}

void count_free (void *, void *hint) { ++*static_cast<int *> (hint); }

const std::string long_body (1000, 'L');

}  // namespace

TEST_CASE ("messages: body, move, copy, close")
{
    for (const std::string &body : {std::string (), std::string ("short"), std::string (33, 'x'), std::string (34, 'y'), long_body}) {
        CAPTURE (body.size ());
        Part first (body), second ("old"), third;
        CHECK (first.body () == body);
        CHECK (zmq_msg_move (&second, &first) == 0);
        CHECK (second.body () == body);
        CHECK (zmq_msg_size (&first) == 0);
        CHECK (zmq_msg_copy (&third, &second) == 0);
        CHECK (second.body () == body);
        CHECK (third.body () == body);
        const int shared = body.size () > 33;
        CHECK (zmq_msg_get (&second, ZMQ_SHARED) == shared);
        CHECK (zmq_msg_get (&third, ZMQ_SHARED) == shared);
        // Onto itself nothing changes.
        CHECK (zmq_msg_copy (&third, &third) == 0);
        CHECK (zmq_msg_move (&third, &third) == 0);
        CHECK (third.body () == body);
        CHECK (zmq_msg_more (&third) == 0);
        CHECK (zmq_msg_get (&third, ZMQ_MORE) == 0);
    }
    Part sized;
    CHECK (zmq_msg_close (&sized) == 0);
    CHECK (zmq_msg_init_size (&sized, 100) == 0);
    CHECK (zmq_msg_size (&sized) == 100);
    std::memset (zmq_msg_data (&sized), 'z', 100);
    CHECK (sized.body () == std::string (100, 'z'));
}

TEST_CASE ("messages over the caller's memory")
{
    int freed = 0;
    char data[] = "borrowed";
    zmq_msg_t msg;
    REQUIRE (zmq_msg_init_data (&msg, data, 8, count_free, &freed) == 0);
    CHECK (zmq_msg_data (&msg) == data);
    CHECK (zmq_msg_get (&msg, ZMQ_SHARED) == 0);
    {
        Part copy;
        CHECK (zmq_msg_copy (&copy, &msg) == 0);
        CHECK (zmq_msg_data (&copy) == data);
        CHECK (zmq_msg_close (&msg) == 0);
        CHECK (freed == 0);
    }
    CHECK (freed == 1);

    REQUIRE (zmq_msg_init_data (&msg, data, 8, nullptr, nullptr) == 0);
    CHECK (zmq_msg_get (&msg, ZMQ_SHARED) == 1);
    CHECK (zmq_msg_close (&msg) == 0);
    CHECK (fails_with (EFAULT, zmq_msg_init_data (&msg, nullptr, 8, count_free, &freed)));
    CHECK (zmq_msg_init_data (&msg, nullptr, 0, count_free, &freed) == 0);
    CHECK (zmq_msg_close (&msg) == 0);
    CHECK (freed == 2);
}

TEST_CASE ("messages that cannot be")
{
    zmq_msg_t msg;
    CHECK (fails_with (ENOMEM, zmq_msg_init_size (&msg, SIZE_MAX)));
    CHECK (fails_with (ENOMEM, zmq_msg_init_size (&msg, SIZE_MAX - 64)));
    CHECK (fails_with (EFAULT, zmq_msg_init_buffer (&msg, nullptr, 1)));
    CHECK (zmq_msg_init_buffer (&msg, nullptr, 0) == 0);
    CHECK (zmq_msg_close (&msg) == 0);
    CHECK (fails_with (EFAULT, zmq_msg_init (nullptr)));
    CHECK (fails_with (EFAULT, zmq_msg_init_size (nullptr, 1)));
    CHECK (fails_with (EFAULT, zmq_msg_init_buffer (nullptr, "", 0)));
    CHECK (fails_with (EFAULT, zmq_msg_init_data (nullptr, &msg, 1, nullptr, nullptr)));
}

TEST_CASE ("invalid messages are EFAULT")
{
    for (const int filler : {0, 0xff, 0x5a}) {
        zmq_msg_t bad;
        std::memset (&bad, filler, sizeof bad);
        Part good ("good");
        CHECK (fails_with (EFAULT, zmq_msg_close (&bad)));
        CHECK (fails_with (EFAULT, zmq_msg_copy (&bad, &good)));
        CHECK (fails_with (EFAULT, zmq_msg_copy (&good, &bad)));
        CHECK (fails_with (EFAULT, zmq_msg_move (&bad, &good)));
        CHECK (fails_with (EFAULT, zmq_msg_move (&good, &bad)));
        CHECK (good.body () == "good");
        CHECK (zmq_msg_data (&bad) == nullptr);
        CHECK (zmq_msg_size (&bad) == 0);
        CHECK (fails_with (EFAULT, zmq_msg_get (&bad, ZMQ_MORE)));
        CHECK (zmq_msg_gets (&bad, "User-Id") == nullptr);
        CHECK (fails_with (EFAULT, zmq_msg_set_routing_id (&bad, 1)));
        CHECK (zmq_msg_routing_id (&bad) == 0);
        CHECK (fails_with (EFAULT, zmq_msg_set_group (&bad, "g")));
        CHECK (std::string (zmq_msg_group (&bad)).empty ());
    }
    zmq_msg_t msg;
    CHECK (zmq_msg_init (&msg) == 0);
    CHECK (zmq_msg_close (&msg) == 0);
    CHECK (fails_with (EFAULT, zmq_msg_close (&msg)));
    CHECK (fails_with (EFAULT, zmq_msg_close (nullptr)));
    CHECK (fails_with (EFAULT, zmq_msg_copy (nullptr, nullptr)));
}

TEST_CASE ("message options and properties")
{
    Part msg ("body");
    CHECK (fails_with (EINVAL, zmq_msg_get (&msg, 99)));
    CHECK (fails_with (EINVAL, zmq_msg_get (&msg, ZMQ_SRCFD)));
    CHECK (fails_with (EINVAL, zmq_msg_set (&msg, ZMQ_MORE, 1)));
    errno = 0;
    CHECK (zmq_msg_gets (&msg, "Socket-Type") == nullptr);
    CHECK (errno == EINVAL);
    CHECK (zmq_msg_gets (&msg, nullptr) == nullptr);

    const std::vector<engine::Metadata::Property> properties{{"Socket-Type", "DEALER"}, {"Identity", "me"}, {"X-a", "b"}};
    engine::Metadata *const metadata = engine::Metadata::create (properties, 42);
    REQUIRE (metadata);
    reinterpret_cast<engine::Msg *> (static_cast<zmq_msg_t *> (&msg))->set_metadata (metadata);
    metadata->release ();
    reinterpret_cast<engine::Msg *> (static_cast<zmq_msg_t *> (&msg))->set_more (true);
    CHECK (zmq_msg_more (&msg) == 1);
    CHECK (zmq_msg_get (&msg, ZMQ_SRCFD) == 42);
    CHECK (std::string (zmq_msg_gets (&msg, "Socket-Type")) == "DEALER");
    CHECK (std::string (zmq_msg_gets (&msg, "X-a")) == "b");
    CHECK (std::string (zmq_msg_gets (&msg, ZMQ_MSG_PROPERTY_ROUTING_ID)) == "me");
    CHECK (std::string (zmq_msg_gets (&msg, "__fd")) == "42");
    CHECK (zmq_msg_gets (&msg, "socket-type") == nullptr);
    Part copy;
    CHECK (zmq_msg_copy (&copy, &msg) == 0);
    CHECK (std::string (zmq_msg_gets (&copy, "X-a")) == "b");
    CHECK (zmq_msg_more (&copy) == 1);
}

TEST_CASE ("routing ids and groups")
{
    Part msg ("body");
    CHECK (zmq_msg_routing_id (&msg) == 0);
    CHECK (fails_with (EINVAL, zmq_msg_set_routing_id (&msg, 0)));
    CHECK (zmq_msg_set_routing_id (&msg, 0xfedcba98) == 0);
    CHECK (zmq_msg_routing_id (&msg) == 0xfedcba98);

    CHECK (std::string (zmq_msg_group (&msg)).empty ());
    CHECK (fails_with (EFAULT, zmq_msg_set_group (&msg, nullptr)));
    for (const std::size_t size : {1, 14, 15, 255, 0, 256, 300}) {
        CAPTURE (size);
        CHECK (zmq_msg_set_group (&msg, std::string (size, 'g').c_str ()) == 0);
        CHECK (std::string (zmq_msg_group (&msg)) == std::string (size < 255 ? size : 255, 'g'));
    }
    Part copy;
    CHECK (zmq_msg_copy (&copy, &msg) == 0);
    CHECK (std::string (zmq_msg_group (&copy)).size () == 255);
    CHECK (zmq_msg_routing_id (&copy) == 0xfedcba98);
    CHECK (zmq_msg_set_group (&copy, "other") == 0);
    CHECK (std::string (zmq_msg_group (&msg)).size () == 255);
}
