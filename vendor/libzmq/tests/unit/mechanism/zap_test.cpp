// ZAP without I/O: requests, replies that are right and those that are not, and what every mechanism makes of a verdict.
#include "mechanism/zap.hpp"

#include <cerrno>

#include <doctest/doctest.h>
#include <zmq.h>

#include "mechanism/mechanism.hpp"

using namespace engine;
using namespace std::string_literals;
using Outcome = ZapVerdict::Outcome;
using Frames = std::vector<std::string>;

namespace {

const Frames good{"", "1.0", "1", "200", "OK", "user", "\5Hello\0\0\0\5World"s};

HandshakeConfig asking ()
{
    HandshakeConfig config;
    config.socket_type = ZMQ_DEALER;
    config.zap_domain = "global";
    config.zap_enforce_domain = true;
    config.routing_id = "id";
    config.peer_address = "10.1.2.3";
    return config;
}

std::string next (Mechanism &mechanism)
{
    std::vector<std::uint8_t> body;
    return mechanism.next_command (body) ? std::string (body.begin (), body.end ()) : std::string ();
}

}  // namespace

TEST_CASE ("zap: a request's frames")
{
    CHECK (zap_request (asking (), "PLAIN", {"name", "password"}) ==
           Frames{"", "1.0", "1", "global", "10.1.2.3", "id", "PLAIN", "name", "password"});
}

TEST_CASE ("zap: a reply that lets in brings the user and metadata")
{
    const ZapVerdict verdict = read_zap_reply (good);
    CHECK (verdict.outcome == Outcome::allowed);
    CHECK (verdict.properties == Properties{{"User-Id", "user"}, {"Hello", "World"}});
}

TEST_CASE ("zap: a reply whose frames are altered lets nobody in")
{
    struct Case
    {
        std::size_t frame;
        std::string by;
        Outcome outcome;
        int value;
    };
    for (const Case &tried : {
           Case{0, "x", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED},
           Case{1, "1.1", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION},
           Case{1, "", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION},
           Case{1, "1.0\0"s, Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION},
           Case{2, "2", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID},
           Case{2, "11", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID},
           Case{3, "", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE},
           Case{3, "20", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE},
           Case{3, "200 ", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE},
           Case{3, "201", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE},
           Case{3, "300", Outcome::refused, 300},
           Case{3, "400", Outcome::refused, 400},
           Case{3, "500", Outcome::refused, 500},
           Case{6, "\5Hello", Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA},
           Case{6, "\5Hello\0\0\0\6World"s, Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA},
         })
    {
        CAPTURE (tried.frame);
        CAPTURE (tried.by);
        Frames frames = good;
        frames[tried.frame] = tried.by;
        const ZapVerdict verdict = read_zap_reply (frames);
        CHECK (verdict.outcome == tried.outcome);
        CHECK (verdict.value == tried.value);
    }
    for (std::size_t count = 0; count < 12; ++count)
        if (count != good.size ()) {
            Frames frames = good;
            frames.resize (count);
            CHECK (read_zap_reply (frames).value == ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY);
        }
}

TEST_CASE ("zap: NULL with a domain says nothing before it knows")
{
    const auto mechanism = find_mechanism (ZMQ_NULL)->make (asking ());
    CHECK (mechanism->status () == Mechanism::Status::waiting);
    CHECK (next (*mechanism).empty ());
    CHECK (mechanism->zap_request () == Frames{"", "1.0", "1", "global", "10.1.2.3", "id", "NULL"});
    mechanism->decide (read_zap_reply (good));
    CHECK (next (*mechanism).starts_with ("\5READY"));
    mechanism->decide ({Outcome::refused, 400, {}});  // too late
    CHECK (mechanism->status () == Mechanism::Status::handshaking);
    CHECK (mechanism->zap_properties ().size () == 2);
}

TEST_CASE ("zap: what a mechanism makes of each verdict")
{
    struct Case
    {
        ZapVerdict verdict;
        Mechanism::Status status;
        int event, value;
        std::string last_word;
    };
    const std::string error ("\5"
                             "ERROR\3");
    for (const Case &tried : {
           Case{{Outcome::refused, 300, {}}, Mechanism::Status::refused, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 300, ""},
           Case{{Outcome::refused, 400, {}}, Mechanism::Status::refused, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 400, error + "400"},
           Case{{Outcome::refused, 500, {}}, Mechanism::Status::refused, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 500, error + "500"},
           Case{{Outcome::malformed, ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION, {}},
                Mechanism::Status::failed,
                ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION,
                ""},
           Case{{Outcome::no_handler, 0, {}}, Mechanism::Status::failed, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EFAULT, ""},
           Case{{Outcome::no_memory, 0, {}}, Mechanism::Status::failed, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, ""},
         })
    {
        CAPTURE (tried.value);
        const auto mechanism = find_mechanism (ZMQ_NULL)->make (asking ());
        mechanism->decide (tried.verdict);
        CHECK (mechanism->status () == tried.status);
        CHECK (mechanism->failure ().event == tried.event);
        CHECK (mechanism->failure ().value == tried.value);
        CHECK_FALSE (mechanism->failure ().protocol);
        CHECK (next (*mechanism) == tried.last_word);
        CHECK (next (*mechanism).empty ());
        // Nothing that the peer says changes that.
        const std::string ready ("\5READY");
        mechanism->process_command ({reinterpret_cast<const std::uint8_t *> (ready.data ()), ready.size ()});
        CHECK (mechanism->status () == tried.status);
        CHECK (next (*mechanism).empty ());
    }
}

TEST_CASE ("zap: without a handler NULL lets in unless the domain is enforced; PLAIN never")
{
    HandshakeConfig config = asking ();
    config.zap_enforce_domain = false;
    const auto null = find_mechanism (ZMQ_NULL)->make (config);
    null->decide ({});
    CHECK (null->status () == Mechanism::Status::handshaking);
    CHECK (null->zap_properties ().empty ());

    config.as_server = true;
    const auto plain = find_mechanism (ZMQ_PLAIN)->make (config);
    const std::string hello ("\5HELLO\1n\1p");
    plain->process_command ({reinterpret_cast<const std::uint8_t *> (hello.data ()), hello.size ()});
    CHECK (plain->status () == Mechanism::Status::waiting);
    plain->decide ({});
    CHECK (plain->status () == Mechanism::Status::failed);
}
