// The opening handshake of the WebSocket protocol, byte by byte: what is asked and answered, what is refused and how, and its limits.
#include "transport/websocket_opening.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using namespace engine;
using namespace std::string_literals;
using State = WebSocketOpening::State;

namespace {

const std::array<std::uint8_t, 16> key = {'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};

std::string taken (WebSocketOpening &opening)
{
    const auto bytes = opening.output ();
    const std::string text (bytes.begin (), bytes.end ());
    opening.sent (bytes.size ());
    return text;
}

template <class Opening>
std::size_t feed (Opening &opening, const std::string &text, std::size_t step = SIZE_MAX)
{
    std::size_t used = 0;
    while (used < text.size ()) {
        const std::size_t count = std::min (step, text.size () - used);
        const std::size_t part = opening.feed ({reinterpret_cast<const std::uint8_t *> (text.data ()) + used, count});
        used += part;
        if (part < count)
            break;
    }
    return used;
}

const std::string request_line = "GET /path HTTP/1.1\r\nHost: x\r\n";
const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string with_key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const std::string with_null = "Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n";
const std::string accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

// What it gets back, and the outcome.
std::pair<State, std::string> answer (const std::string &request, const SubProtocols &ours = {"NULL", true})
{
    WebSocketAnswer opening (ours);
    feed (opening, request);
    return {opening.state (), taken (opening)};
}

std::string status (const std::string &request, const SubProtocols &ours = {"NULL", true})
{
    const auto [state, text] = answer (request, ours);
    CAPTURE (request);
    CHECK (state == State::failed);
    CHECK (text.starts_with ("HTTP/1.1 "));
    CHECK (text.find ("\r\n\r\n") != std::string::npos);
    return text.substr (9, 3);
}

}  // namespace

TEST_CASE ("websocket opening: one asks, the other answers, in any pieces")
{
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
        WebSocketRequest client ({"NULL", true}, "example.org:5555", "/some?path", key);
        WebSocketAnswer server ({"NULL", true});
        CHECK (client.state () == State::in_progress);
        const std::string request = taken (client);
        CHECK (request == "GET /some?path HTTP/1.1\r\nHost: example.org:5555\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n");
        CHECK (feed (server, request + "frames", step) == request.size ());
        CHECK (server.state () == State::agreed);
        const std::string reply = taken (server);
        CHECK (reply == accepted + "Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n");
        CHECK (feed (client, reply + "frames", step) == reply.size ());
        CHECK (client.state () == State::agreed);
        CHECK (client.with_mechanism ());
        CHECK (server.with_mechanism ());
    }
}

TEST_CASE ("websocket opening: the first sub-protocol asked for that is spoken, in however many fields")
{
    const std::string begin = request_line + upgrade + with_key;
    const auto chosen = [&] (const std::string &fields, const SubProtocols &ours) {
        WebSocketAnswer server (ours);
        feed (server, begin + fields + "\r\n");
        const std::string text = taken (server);
        const std::size_t at = text.find ("Protocol: ");
        if (server.state () == State::failed)
            return std::string ("none");
        CHECK (server.with_mechanism () == (text.find ("ZWS2.0/", at) != std::string::npos));
        return text.substr (at + 10, text.find ('\r', at) - at - 10);
    };
    const SubProtocols null{"NULL", true};
    CHECK (chosen ("Sec-WebSocket-Protocol: ZWS2.0/NULL,ZWS2.0\r\n", null) == "ZWS2.0/NULL");
    CHECK (chosen ("Sec-WebSocket-Protocol: chat ,\tZWS2.0, ZWS2.0/NULL\r\n", null) == "ZWS2.0");
    CHECK (chosen ("Sec-WebSocket-Protocol: chat\r\nSEC-WEBSOCKET-PROTOCOL: ,ZWS2.0\r\n", null) == "ZWS2.0");
    CHECK (chosen ("Sec-WebSocket-Protocol: ZWS2.0\r\n", {"NULL", false}) == "none");
    CHECK (chosen ("Sec-WebSocket-Protocol: ZWS2.0, ZWS2.0/NULL, ZWS2.0/CURVE\r\n", {"CURVE", false}) == "ZWS2.0/CURVE");
    for (const char *wrong : {"ZWS2.0/PLAIN", "zws2.0/null", "ZWS2.0/", "ZWS2.0/NULLS", "ZWS2.1", "ZWS2.0x", ""})
        CHECK (chosen ("Sec-WebSocket-Protocol: "s + wrong + "\r\n", null) == "none");
    CHECK (chosen ("", null) == "none");
}

TEST_CASE ("websocket opening: what is written otherwise and means the same")
{
    for (const std::string &request :
         {"\r\nGET http://host/path HTTP/1.1\r\nhost:host\r\nUPGRADE:\tWebSocket \r\nconnection: keep-alive, UPGRADE\r\n" + with_key +
            with_null,
          request_line +
            "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\nX:\r\nY: \x80\xff\r\n"
            "Content-Length: 0\r\nOrigin: http://elsewhere\r\n" +
            with_key + with_null})
        CHECK (answer (request + "\r\n") == std::pair (State::agreed, accepted + "Sec-WebSocket-Protocol: ZWS2.0/NULL\r\n\r\n"));
}

TEST_CASE ("websocket opening: one empty line before the request is nothing, two are no HTTP, and none is before an answer")
{
    CHECK (status ("\r\n\r\n") == "400");
    WebSocketRequest client ({"NULL", true}, "h:1", "/", key);
    feed (client, "\r\n" + accepted + with_null + "\r\n");
    CHECK (client.state () == State::failed);
}

TEST_CASE ("websocket opening: refusals that HTTP understands")
{
    const std::string rest = with_key + with_null + "\r\n";
    CHECK (status ("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == "426");
    CHECK (answer ("GET / HTTP/1.1\r\nHost: x\r\n\r\n").second.find ("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n") !=
           std::string::npos);
    CHECK (status (request_line + "Upgrade: websocket\r\n" + rest) == "426");
    CHECK (status (request_line + "Connection: Upgrade\r\nUpgrade: h2c\r\n" + rest) == "426");
    CHECK (status ("POST / HTTP/1.1\r\n" + upgrade + rest) == "405");
    CHECK (answer ("HEAD / HTTP/1.1\r\n\r\n").second.ends_with ("\r\n\r\n"));
    CHECK (status ("GET / HTTP/1.0\r\n" + upgrade + rest) == "505");
    CHECK (status ("GET / HTTP/2.0\r\n" + upgrade + rest) == "505");
    for (const char *line :
         {"GET /\r\n", "GET  HTTP/1.1\r\n", "GET / path HTTP/1.1\r\n", " / HTTP/1.1\r\n", "GET / FTP/1.1\r\n", "GET\r\n", "\r\n"})
        CHECK (status (line + upgrade + rest) == "400");
    CHECK (status ("GET / HTTP/1.1\r\n" + upgrade + rest) == "400");
    CHECK (status (request_line + upgrade + "Host: b\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + "Content-Length: 0\r\nContent-Length: 0\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + "Content-Length: 0\r\nContent-Length: 5\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + "Content-Length: 5\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + "Transfer-Encoding: chunked\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + with_key + "Sec-WebSocket-Protocol: chat\r\n\r\n") == "400");
    CHECK (status (request_line + upgrade + with_null + "Sec-WebSocket-Version: 13\r\n\r\n") == "400");
    CHECK (status (request_line + upgrade + with_null + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n") == "400");
    CHECK (status (request_line + upgrade + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + rest) == "400");
    CHECK (status (request_line + upgrade + with_null + "Sec-WebSocket-Version: 8\r\n\r\n") == "426");
    CHECK (status (request_line + upgrade + with_null + "\r\n") == "426");
}

TEST_CASE ("websocket opening: what is no HTTP is seen at its first byte")
{
    for (const std::string &garbage :
         {"\xff"s, "\x16\x03\x01"s, "\0"s, "GET /\x01"s, "GET / HTTP/1.1\n"s, "GET / HTTP/1.1\rX"s, "GET / HTTP/1.1\r\nName : x\r\n"s,
          "GET / HTTP/1.1\r\n folded\r\n"s, "GET / HTTP/1.1\r\nno colon\r\n"s, "GET / HTTP/1.1\r\n: x\r\n"s, "GET / HTTP/1.1\r\nA: \x7f"s,
          "GET / HTTP/1.1\r\nA: \0"s, "\xc3\xa4"s})
        CHECK (status (garbage) == "400");
}

TEST_CASE ("websocket opening: limits, and what a refused peer goes on to send")
{
    const std::string much (HttpHead::most_bytes + 1, 'x');
    CHECK (status (much) == "431");
    CHECK (status (request_line + "A: " + much) == "431");
    std::string fields;
    for (std::size_t i = 0; i <= HttpHead::most_fields; ++i)
        fields += "a:b\r\n";
    CHECK (status (request_line + fields) == "431");

    WebSocketAnswer server ({"NULL", true});
    CHECK (feed (server, "nonsense\n" + much) == 9 + much.size ());
    CHECK (server.state () == State::failed);
    CHECK_FALSE (server.overrun ());
    const std::string more (WebSocketAnswer::most_forgotten, 'x');
    CHECK (feed (server, more) == more.size ());
    CHECK (server.overrun ());
}

TEST_CASE ("websocket opening: a mechanism's own name")
{
    WebSocketRequest client ({"CURVE", false}, "h:1", "/", key);
    CHECK (taken (client).find ("Sec-WebSocket-Protocol: ZWS2.0/CURVE\r\n") != std::string::npos);
    CHECK (feed (client, accepted + "Sec-WebSocket-Protocol: ZWS2.0/CURVE\r\n\r\n") > 0);
    CHECK (client.state () == State::agreed);
}

TEST_CASE ("websocket opening: answers that are not believed")
{
    const std::string protocol = "Sec-WebSocket-Protocol: ZWS2.0\r\n";
    const auto outcome = [] (std::string text) {
        WebSocketRequest client ({"NULL", true}, "h:1", "/", key);
        feed (client, text + "\r\n");
        return client.state ();
    };
    const auto changed = [&] (const std::string &what, const std::string &by) {
        std::string text = accepted + protocol;
        return outcome (text.replace (text.find (what), what.size (), by));
    };
    CHECK (outcome (accepted + protocol) == State::agreed);
    CHECK (changed ("Switching Protocols", "Go On") == State::agreed);
    CHECK (changed ("s3pP", "S3pP") == State::failed);
    CHECK (changed ("101", "200") == State::failed);
    CHECK (changed ("101 ", "1010 ") == State::failed);
    CHECK (changed ("HTTP/1.1", "HTTP/1.0") == State::failed);
    CHECK (changed ("ZWS2.0", "ZWS2.0/CURVE") == State::failed);
    CHECK (changed ("ZWS2.0", "chat") == State::failed);
    CHECK (changed ("Upgrade: websocket", "Upgrade: other") == State::failed);
    CHECK (changed ("Connection: Upgrade", "Connection: close") == State::failed);
    CHECK (outcome (accepted) == State::failed);
    CHECK (outcome (accepted + protocol + protocol) == State::failed);
    CHECK (outcome (accepted + protocol + "Sec-WebSocket-Extensions: permessage-deflate\r\n") == State::failed);
    CHECK (outcome ("\xff") == State::failed);
    CHECK (outcome ("HTTP/1.1 101 x\r\n" + std::string (HttpHead::most_bytes, 'x')) == State::failed);
}
