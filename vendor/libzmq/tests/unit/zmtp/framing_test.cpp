// That frames can lie among the bytes in other ways than ZMTP's: decoder, encoder, handshake and what goes out again ask the framing only.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/fake_cipher.hpp"
#include "io/fake_transport.hpp"
#include "io/stream.hpp"
#include "transport/byte_layer.hpp"
#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"
#include "zmtp/framing.hpp"
#include "zmtp/handshake.hpp"
#include "zmtp/unsent.hpp"

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
    const Framing &server = websocket::server;
    CHECK (encoded (server, {{Kind::data, false, "abc"}}) == "\x82\4\0abc"s);
    CHECK (encoded (server, {{Kind::data, true, ""}}) == "\x82\1\1"s);
    CHECK (encoded (server, {{Kind::subscribe, false, "ab"}, {Kind::cancel, false, "ab"}}) == "\x82\4\0\1ab\x82\4\0\0ab"s);
    CHECK (encoded (server, {{Kind::ping, false, ""}, {Kind::pong, false, "context"}, {Kind::end, false, "\3\xe8"}}) ==
           "\x89\0\x8a\7context\x88\2\3\xe8"s);
    CHECK (encoded (server, {{Kind::join, false, "g"}}) == "\x82\7\2\4JOINg"s);
    CHECK (encoded (server, {{Kind::data, false, text (125)}}) == "\x82\x7e\0\x7e\0"s + text (125));
    CHECK (encoded (server, {{Kind::data, false, text (65535)}}) == "\x82\x7f\0\0\0\0\0\1\0\0\0"s + text (65535));
}

TEST_CASE ("framing: what a client sends is masked, each frame in its own way")
{
    std::vector<std::string> masks;
    for (int i = 0; i < 200; ++i) {
        std::string bytes = encoded (websocket::client, {{Kind::data, true, "ab"}});
        REQUIRE (bytes.size () == 9);
        CHECK (bytes.substr (0, 2) == "\x82\x83"s);
        for (std::size_t at = 0; at < 3; ++at)
            bytes[6 + at] = static_cast<char> (bytes[6 + at] ^ bytes[2 + at]);
        CHECK (bytes.substr (6) == "\1ab"s);
        masks.push_back (bytes.substr (2, 4));
    }
    std::sort (masks.begin (), masks.end ());
    CHECK (std::unique (masks.begin (), masks.end ()) - masks.begin () > 190);
}

TEST_CASE ("framing: masks of all sizes and places, in place or as a copy")
{
    std::uint32_t mask = 0;
    const std::uint8_t bytes[4] = {1, 2, 0x80, 0xff};
    std::memcpy (&mask, bytes, sizeof mask);
    for (std::size_t size = 0; size < 200; ++size)
        for (std::size_t offset = 0; offset < 3; ++offset) {
            const std::string plain = text (size + offset);
            std::string expected = plain.substr (offset);
            for (std::size_t at = 0; at < size; ++at)
                expected[at] = static_cast<char> (expected[at] ^ bytes[at % 4]);
            std::string copy (size, 'x');
            copy_masked (mask, reinterpret_cast<const std::uint8_t *> (plain.data ()) + offset,
                         reinterpret_cast<std::uint8_t *> (copy.data ()), size);
            CHECK (copy == expected);
            std::string inside = plain;
            apply_mask (mask, {reinterpret_cast<std::uint8_t *> (inside.data ()) + offset, size});
            CHECK (inside.substr (offset) == expected);
        }
}

constexpr std::pair<const Framing *, const Framing *> directions[] = {{&websocket::server, &websocket::client},
                                                                      {&websocket::client, &websocket::server}};

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
    for (const auto &[from, to] : directions) {
        const std::string bytes = encoded (*from, parts);
        for (const std::size_t step : {std::size_t{1}, std::size_t{977}, SIZE_MAX})
            CHECK (decoded (*to, bytes, step) == parts);
    }
}

TEST_CASE ("framing: what is none")
{
    const std::pair<std::string, int> cases[] = {
      {"\x81\1x"s, EPROTONOSUPPORT},  // text
      {"\x82\0x"s, EPROTO},           // no byte of flags
      {"\x92\1\0"s, EPROTO},          // reserved bits
      {"\xa2\1\0"s, EPROTO},
      {"\xc2\1\0"s, EPROTO},
      {"\x83\1\0"s, EPROTO},  // opcodes that there are not
      {"\x87\1\0"s, EPROTO},
      {"\x8b\1\0"s, EPROTO},
      {"\x8f\1\0"s, EPROTO},
      {"\x82\x81\1\2\3\4\0"s, EPROTO},  // masked
      {"\x82\x7e\0\x7d"s, EPROTO},      // a shorter length would have done
      {"\x82\x7f\0\0\0\0\0\0\xff\xff"s, EPROTO},
      {"\x82\x7f\x80\0\0\0\0\1\0\0"s, EPROTO},  // 64 bits
      {"\x89\x7e\0\x7e"s, EPROTO},              // a long ping
      {"\x09\0"s, EPROTO},                      // a ping in pieces
      {"\x08\0"s, EPROTO},
      {"\x80\1\0"s, EPROTO},  // a piece of nothing
      {"\0\1\0"s, EPROTO},
      {"\2\1\0\2\1\0"s, EPROTO},  // a frame within another's pieces
      {"\2\1\0\x82\1\0"s, EPROTO},
      {"\2\0\x80\0"s, EPROTO},  // no byte of flags in any piece
    };
    for (const auto &[bytes, expected] : cases) {
        int error = 0;
        CHECK (decoded (websocket::client, "\x82\2\0a"s + bytes, 1, &error) == std::vector<Part>{{Kind::data, false, "a"}});
        CHECK (error == expected);
    }
    int error = 0;
    CHECK (decoded (websocket::server, "\x82\1\0"s, 1, &error).empty ());  // not masked
    CHECK (error == EPROTO);
}

TEST_CASE ("framing: pieces, with pings between them")
{
    const std::string bytes = "\2\2\1a\x89\1p\0\0\0\2bc\x80\1d"s  // MORE, "abcd"
                              "\2\0\0\1\0\x80\0"s                 // the flags come later
                              "\2\1\2\x8a\0\x80\6\4JOINg"s        // a command
                              "\x88\2\3\xe8"s;
    const std::vector<Part> parts = {{Kind::ping, false, "p"}, {Kind::data, true, "abcd"}, {Kind::data, false, ""},
                                     {Kind::pong, false, ""},  {Kind::join, false, "g"},   {Kind::end, false, "\3\xe8"}};
    for (const std::size_t step : {1, 2, 3, 7, 1000})
        CHECK (decoded (websocket::client, bytes, step) == parts);
}

TEST_CASE ("framing: many large pieces, and very many small ones")
{
    std::string bytes = "\2\1\0"s;
    std::string body;
    for (const std::size_t size : {70'000u, 5u, 200'000u, 0u, 300'000u}) {
        std::string header = "\0\x7f\0\0\0\0"s;
        if (size < 126)
            header = "\0"s + static_cast<char> (size);
        else
            for (int shift = 24; shift >= 0; shift -= 8)
                header += static_cast<char> (size >> shift);
        bytes += header + text (size);
        body += text (size);
    }
    for (int i = 0; i < 300'000; ++i)
        bytes += "\0\0"s;
    bytes += "\x80\1z"s;
    body += 'z';
    for (const std::size_t step : {std::size_t{977}, SIZE_MAX})
        CHECK (decoded (websocket::client, bytes, step) == std::vector<Part>{{Kind::data, false, body}});
}

TEST_CASE ("framing: limits hold for what pieces make together, and not for pings")
{
    const auto outcome = [] (std::int64_t largest, const std::string &bytes) {
        Decoder decoder (websocket::client, largest, true, nullptr);
        REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()}));
        Msg out;
        Decoder::Result result;
        while ((result = decoder.next (out)) == Decoder::Result::frame && out.kind () != Kind::data) {
        }
        return result == Decoder::Result::frame ? 0 : result == Decoder::Result::error ? decoder.error_code () : EAGAIN;
    };
    CHECK (outcome (4, "\2\3\0ab\0\1c\x80\1d"s) == 0);
    CHECK (outcome (4, "\2\3\0ab\0\1c\x80\2de"s) == EMSGSIZE);
    CHECK (outcome (4, "\2\1\0\x80\x7f\0\0\0\x10\0\0\0\0"s) == EMSGSIZE);
    CHECK (outcome (1, "\x89\5hello\x82\2\0a"s) == 0);
    CHECK (outcome (-1, "\2\1\0\x80\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"s) == EMSGSIZE);
}

TEST_CASE ("framing: how an end is answered")
{
    const auto answer = [] (const std::string &said) {
        std::uint8_t body[Framing::longest_end];
        const std::size_t size = websocket::server.answer_end (body, {reinterpret_cast<const std::uint8_t *> (said.data ()), said.size ()});
        return size == 0 ? 0 : body[0] << 8 | body[1];
    };
    const auto with = [] (int status, const std::string &reason = {}) {
        return std::string ({static_cast<char> (status >> 8), static_cast<char> (status)}) + reason;
    };
    CHECK (answer ("") == 0);
    CHECK (answer ("x") == 1002);
    for (const int status : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
        CHECK (answer (with (status)) == status);
    for (const int status : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
        CHECK (answer (with (status)) == 1002);
    for (const char *reason : {"bye", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
        CHECK (answer (with (1000, reason)) == 1000);
    for (const char *reason : {"\xc3", "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80",
                               "\xf8\x88\x80\x80\x80", "\xe2\x82"})
        CHECK (answer (with (1000, reason)) == 1007);
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
    for (const auto &[from, to] : directions) {
        Encoder encoder (*from);
        Batch batch;
        const std::vector<Part> parts = {
          {Kind::data, true, text (10)}, {Kind::join, false, "topic"}, {Kind::ping, false, "p"}, {Kind::data, false, text (70'000)}};
        for (const Part &part : parts) {
            const Msg one = made (part);
            REQUIRE (encoder.encode_sealed (one, batch, cipher) == 0);
        }
        const std::string bytes = drain (batch);
        Decoder decoder (*to, -1, true, nullptr);
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

TEST_CASE ("framing: a handshake whose frames come in pieces, with pings before and between")
{
    HandshakeConfig config;
    config.socket_type = ZMQ_PAIR;
    for (const bool mechanism : {true, false}) {
        Handshake client (config, HandshakeStart{&websocket::client, mechanism});
        client.sent (client.output ().size ());
        const std::string bytes =
          mechanism ? "\x89\2hi\2\3\2\5R\0\4EADY\x8a\0\x80\x14\x0bSocket-Type\0\0\0\4PAIR"s : "\x89\2hi\2\0\x80\3\0id"s;
        for (const char byte : bytes) {
            const auto one = static_cast<std::uint8_t> (byte);
            REQUIRE (client.feed ({&one, 1}) == 1);
        }
        CHECK (client.state () == Handshake::State::ready);
        const auto pong = client.output ();
        REQUIRE (pong.size () == 8);
        CHECK (pong[0] == 0x8a);
        CHECK ((pong[6] ^ pong[2]) == 'h');
    }
}

TEST_CASE ("framing: a handshake that the peer ends, or does wrong")
{
    HandshakeConfig config;
    config.socket_type = ZMQ_PAIR;
    const auto after = [&] (const std::string &bytes) {
        Handshake server (config, HandshakeStart{&websocket::server, true});
        server.sent (server.output ().size ());
        server.feed ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()});
        CHECK (server.state () == Handshake::State::failed);
        const auto said = server.output ();
        return std::pair (server.failure ().protocol, std::string (said.begin (), said.end ()));
    };
    CHECK (after ("\x88\x82\0\0\0\0\3\xe9"s) == std::pair (false, "\x88\2\3\xe9"s));
    CHECK (after ("\x82\1\0"s) == std::pair (true, "\x88\2\3\xea"s));
    CHECK (after ("\x81\x81\0\0\0\0x"s) == std::pair (true, "\x88\2\3\xeb"s));
    CHECK (after ("\x82\x82\0\0\0\0\2\5"s) == std::pair (true, "\x88\2\3\xf0"s));  // the mechanism understands nothing
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
    std::optional<HandshakeStart> agreed () const noexcept override { return HandshakeStart{&websocket::server, true}; }

  private:
    std::span<const std::uint8_t> output () const noexcept override { return {}; }
    void sent (std::size_t) noexcept override {}
    std::size_t feed (std::span<const std::uint8_t>) override { return 0; }
    int outcome () const noexcept override { return 0; }
};

}  // namespace

TEST_CASE ("framing: a stream whose transport's layer has agreed on it")
{
    const Framing &client = websocket::client;
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
                    encoded (client, {{Kind::data, true, "a"}, {Kind::data, false, text (5000)}, {Kind::ping, false, "ping"}}));
    stream.advance ();
    CHECK (stream->established ());
    CHECK (socket.recv () == Frames{"a", text (5000)});
    CHECK (link.far.read () == "\x82\x1b\2\5READY\x0bSocket-Type\0\0\0\4PAIR\x8a\4ping"s);
    REQUIRE (socket.send ("answer") == 0);
    socket.socket ().batching ().flush ();
    CHECK (link.far.read () == "\x82\7\0answer"s);
    link.far.write ("\x88\x82\0\0\0\0\3\xe8"s);
    stream.advance ();
    CHECK (stream->dead ());
    CHECK (link.far.read () == "\x88\2\3\xe8"s);
}
