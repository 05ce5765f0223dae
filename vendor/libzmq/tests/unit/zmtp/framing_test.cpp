// That frames can lie among the bytes in other ways than ZMTP's: decoder, encoder, handshake and what goes out again ask the framing only.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/fake_cipher.hpp"
#include "io/fake_transport.hpp"
#include "io/stream.hpp"
#include "transport/byte_layer.hpp"
#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"
#include "zmtp/handshake.hpp"
#include "zmtp/unsent.hpp"
#include "zmtp/websocket_framing.hpp"

using namespace held;

namespace {

struct Part
{
    Kind kind = Kind::data;
    bool more = false;
    std::string body;
    bool operator== (const Part &) const = default;
};

Msg made (const Part &part)
{
    Msg out;
    REQUIRE (out.init_copy (part.body.data (), part.body.size ()) == 0);
    out.set_more (part.more);
    out.set_kind (part.kind);
    return out;
}

std::string drain (Batch &batch)
{
    std::string bytes;
    iovec entry;
    while (batch.fill_iovec (&entry, 1) == 1) {
        bytes.append (static_cast<const char *> (entry.iov_base), entry.iov_len);
        batch.written (entry.iov_len);
    }
    return bytes;
}

std::string encoded (const Framing &framing, const std::vector<Part> &parts)
{
    Encoder encoder (framing);
    Batch batch;
    for (const Part &part : parts) {
        Msg one = made (part);
        REQUIRE (encoder.encode (one, batch) == 0);
        CHECK (one.size () == 0);
    }
    return drain (batch);
}

std::vector<Part> decoded (const Framing &framing, const std::string &bytes, std::size_t step, int *error = nullptr)
{
    Decoder decoder (framing, -1, true, nullptr);
    std::vector<Part> parts;
    Msg out;
    for (std::size_t at = 0; at < bytes.size ();) {
        const Decoder::Space space = decoder.space ();
        REQUIRE_FALSE (space.empty ());
        const std::size_t count = std::min ({space.size (), step, bytes.size () - at});
        space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, count);
        decoder.filled (count);
        at += count;
        Decoder::Result result;
        while ((result = decoder.next (out)) == Decoder::Result::frame)
            parts.push_back ({out.kind (), out.more (), std::string (out.view ())});
        if (result == Decoder::Result::error) {
            REQUIRE (error);
            *error = decoder.error_code ();
            break;
        }
    }
    return parts;
}

std::string text (std::size_t size)
{
    std::string body (size, '\0');
    for (std::size_t at = 0; at < size; ++at)
        body[at] = static_cast<char> (at * 7 + at / 251);
    return body;
}

}  // namespace

TEST_CASE ("framing: other bytes for the same frames")
{
    using namespace websocket;
    CHECK (encoded (server, {{Kind::data, false, "abc"}}) == "\x82\4\0abc"s);
    CHECK (encoded (server, {{Kind::data, true, ""}}) == "\x82\1\1"s);
    CHECK (encoded (server, {{Kind::subscribe, false, "ab"}, {Kind::cancel, false, "ab"}}) == "\x82\4\0\1ab\x82\4\0\0ab"s);
    CHECK (encoded (server, {{Kind::ping, false, "\0\0"s}, {Kind::pong, false, "context"}}) == "\x89\0\x8a\0"s);
    CHECK (encoded (server, {{Kind::join, false, "g"}}) == "\x82\7\2\4JOINg"s);
    CHECK (encoded (server, {{Kind::data, false, text (125)}}) == "\x82\x7e\0\x7e\0"s + text (125));
    CHECK (encoded (server, {{Kind::data, false, text (65535)}}) == "\x82\x7f\0\0\0\0\0\1\0\0\0"s + text (65535));
    CHECK (encoded (client, {{Kind::data, true, "ab"}}) == "\x82\x83\xa1\xb2\xc3\xd4\xa0\xd3\xa1"s);
}

TEST_CASE ("framing: there and back, of all sizes, masked or not, in any pieces")
{
    std::vector<Part> parts;
    for (const std::size_t size :
         {0u, 1u, 33u, 34u, 124u, 125u, 255u, 256u, 1023u, 1024u, 4096u, 4097u, 40'000u, 65'534u, 65'535u, 300'000u, 2'000'000u})
    {
        parts.push_back ({Kind::data, size % 2 == 1, text (size)});
        parts.push_back ({Kind::ping, false, ""});
        parts.push_back ({Kind::join, false, text (size % 300)});
    }
    for (const Framing *framing : {&websocket::server, &websocket::client}) {
        const std::string bytes = encoded (*framing, parts);
        for (const std::size_t step : {std::size_t{1}, std::size_t{977}, SIZE_MAX})
            CHECK (decoded (*framing, bytes, step) == parts);
    }
}

TEST_CASE ("framing: what is none, and what is the end")
{
    const std::pair<std::string, int> cases[] = {{"\2\1\0"s, EPROTO}, {"\x81\1x"s, EPROTO}, {"\x82\0x"s, EPROTO}, {"\x88\0"s, EPIPE}};
    for (const auto &[bytes, expected] : cases) {
        int error = 0;
        CHECK (decoded (websocket::server, "\x82\2\0a"s + bytes, 1, &error) == std::vector<Part>{{Kind::data, false, "a"}});
        CHECK (error == expected);
    }
}

TEST_CASE ("framing: a limit of parts is none of bytes, for sealed frames either")
{
    Brackets cipher;
    Batch batch;
    Encoder encoder (zmtp::v3_1);
    Msg large;
    const std::string body (5000, 'x');
    REQUIRE (large.init_copy (body.data (), body.size ()) == 0);
    REQUIRE (encoder.encode_sealed (large, batch, cipher) == 0);
    iovec pieces[8];
    const int count = batch.fill_iovec (pieces, 8);
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    decoder.open_with (cipher);
    decoder.limit_messages (-1, 2);
    for (int i = 0; i < count; ++i)
        REQUIRE (decoder.append ({static_cast<const std::uint8_t *> (pieces[i].iov_base), pieces[i].iov_len}));
    Msg out;
    REQUIRE (decoder.next (out) == Decoder::Result::frame);
    CHECK (out.view () == body);
}

TEST_CASE ("framing: sealed frames")
{
    Brackets cipher;
    for (const Framing *framing : {&websocket::server, &websocket::client}) {
        Encoder encoder (*framing);
        Batch batch;
        const std::vector<Part> parts = {
          {Kind::data, true, text (10)}, {Kind::subscribe, false, "topic"}, {Kind::ping, false, ""}, {Kind::data, false, text (70'000)}};
        for (const Part &part : parts) {
            const Msg one = made (part);
            REQUIRE (encoder.encode_sealed (one, batch, cipher) == 0);
        }
        const std::string bytes = drain (batch);
        Decoder decoder (*framing, -1, true, nullptr);
        decoder.open_with (cipher);
        REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()}));
        Msg out;
        for (const Part &part : parts) {
            REQUIRE (decoder.next (out) == Decoder::Result::frame);
            CHECK (Part{out.kind (), out.more (), std::string (out.view ())} == part);
        }
    }
}

TEST_CASE ("framing: messages that were not written whole come back unmasked")
{
    for (const Framing *framing : {&websocket::server, &websocket::client}) {
        Encoder encoder (*framing);
        Batch batch;
        batch.keep_messages ();
        std::vector<Part> parts;
        for (const std::size_t size : {5u, 200u, 3000u, 70'000u})
            parts.push_back ({Kind::data, false, text (size)});
        for (const Part &part : parts) {
            batch.begin_message ();
            Msg one = made (part);
            REQUIRE (encoder.encode (one, batch) == 0);
        }
        batch.written (6);
        Unsent unsent (batch.written_to ());
        unsent.add_frames (batch, *framing);
        unsent.finish ();
        std::vector<Part> back;
        for (Msg message; unsent.messages ().pop (message);)
            back.push_back ({message.kind (), message.more (), std::string (message.view ())});
        CHECK (back == parts);
    }
}

TEST_CASE ("framing: a handshake of frames that lie otherwise")
{
    for (const bool mechanism : {true, false}) {
        HandshakeConfig config;
        config.socket_type = ZMQ_PAIR;
        Handshake client (config, HandshakeStart{&websocket::client, mechanism});
        Handshake server (config, HandshakeStart{&websocket::server, mechanism});
        const auto first = server.output ();
        CHECK (std::string (first.begin (), first.end ()) == (mechanism ? "\x82\x1b\2\5READY\x0bSocket-Type\0\0\0\4PAIR"s : "\x82\1\0"s));
        for (auto [from, to] : {std::pair (&client, &server), std::pair (&server, &client)})
            for (const std::uint8_t byte : from->output ())
                CHECK (to->feed ({&byte, 1}) == 1);
        CHECK (client.state () == Handshake::State::ready);
        CHECK (server.state () == Handshake::State::ready);
        CHECK (&server.framing () == &websocket::server);
    }
}

namespace {

// Agrees without a word.
class Agreeing final : public OpeningLayer
{
  public:
    std::optional<HandshakeStart> agreed () const noexcept override { return HandshakeStart{&websocket::server}; }

  private:
    std::span<const std::uint8_t> output () const noexcept override { return {}; }
    void sent (std::size_t) noexcept override {}
    std::size_t feed (std::span<const std::uint8_t>) override { return 0; }
    int outcome () const noexcept override { return 0; }
};

}  // namespace

TEST_CASE ("framing: a stream whose transport's layer has agreed on it")
{
    using websocket::client;
    Script script;
    script.layers = [] (ByteStream &bytes) {
        bytes.put_on (std::make_unique<Agreeing> ());
        return 0;
    };
    HeldSocket socket (ZMQ_PAIR);
    Link link = make_link ();
    WiredStream stream (socket, fake_transport (), link.near);
    HandshakeConfig config;
    config.socket_type = ZMQ_PAIR;
    Handshake peer (config, HandshakeStart{&client});
    const auto said = peer.output ();
    link.far.write (std::string (said.begin (), said.end ()) +
                    encoded (client, {{Kind::data, true, "a"}, {Kind::data, false, text (5000)}, {Kind::ping, false, ""}}));
    stream.advance ();
    CHECK (stream->established ());
    CHECK (socket.recv () == Frames{"a", text (5000)});
    CHECK (link.far.read () == "\x82\x1b\2\5READY\x0bSocket-Type\0\0\0\4PAIR\x8a\0"s);
    REQUIRE (socket.send ("answer") == 0);
    socket.socket ().batching ().flush ();
    CHECK (link.far.read () == "\x82\7\0answer"s);
    link.far.write ("\x88\x80\1\2\3\4"s);
    stream.advance ();
    CHECK (stream->dead ());
}
