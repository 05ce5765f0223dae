// Frame decoder and encoder: golden bytes, every segmentation, errors, buffers, and each against the other.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"

using engine::Batch;
using engine::Buffer;
using engine::Decoder;
using engine::Encoder;
using engine::Framing;
using engine::Kind;
using engine::Metadata;
using engine::Msg;
using Framings = std::initializer_list<std::reference_wrapper<const Framing>>;
namespace zmtp = engine::zmtp;
using namespace std::string_literals;

namespace {

struct Frame
{
    Kind kind = Kind::data;
    bool more = false;
    std::string body;
    bool operator== (const Frame &) const = default;
};

std::string pattern (std::size_t size, unsigned seed = 0)
{
    std::string text (size, '\0');
    for (std::size_t at = 0; at < size; ++at)
        text[at] = static_cast<char> (at * 7 + at / 251 + seed);
    return text;
}

Msg message (const Frame &frame)
{
    Msg out;
    REQUIRE (out.init_copy (frame.body.data (), frame.body.size ()) == 0);
    out.set_more (frame.more);
    out.set_kind (frame.kind);
    return out;
}

// All that is in the batch, taken out in writes of at most `step` bytes.
std::string drain (Batch &batch, std::size_t step = SIZE_MAX)
{
    std::string bytes;
    while (!batch.empty ()) {
        iovec entries[3];
        const int count = batch.fill_iovec (entries, 3);
        REQUIRE (count > 0);
        std::size_t taken = 0;
        for (int at = 0; at < count && taken < step; ++at) {
            const std::size_t part = std::min (entries[at].iov_len, step - taken);
            bytes.append (static_cast<const char *> (entries[at].iov_base), part);
            taken += part;
        }
        const std::size_t before = batch.size ();
        batch.written (taken);
        REQUIRE (batch.size () == before - taken);
    }
    iovec entry;
    CHECK (batch.fill_iovec (&entry, 1) == 0);
    return bytes;
}

std::string encoded (const Framing &wire, const std::vector<Frame> &frames, std::size_t step = SIZE_MAX)
{
    Encoder encoder (wire);
    Batch batch;
    for (const Frame &frame : frames) {
        Msg one = message (frame);
        REQUIRE (encoder.encode (one, batch) == 0);
        CHECK (one.size () == 0);
        CHECK (one.kind () == Kind::data);
    }
    return drain (batch, step);
}

struct Decoded
{
    std::vector<Frame> frames;
    int error = 0;
};

void take (Decoder &decoder, Decoded &result)
{
    Msg out;
    for (;;) {
        switch (decoder.next (out)) {
        case Decoder::Result::frame:
            result.frames.push_back ({out.kind (), out.more (), std::string (out.view ())});
            continue;
        case Decoder::Result::error:
            result.error = decoder.error_code ();
            return;
        case Decoder::Result::more_needed:
            return;
        }
    }
}

// Gives the decoder `bytes` in reads of at most `step` bytes.
Decoded decoded (Decoder &decoder, const std::string &bytes, std::size_t step = SIZE_MAX)
{
    Decoded result;
    for (std::size_t at = 0; at < bytes.size () && !result.error;) {
        const auto space = decoder.space ();
        REQUIRE_FALSE (space.empty ());
        const std::size_t count = std::min ({space.size (), step, bytes.size () - at});
        space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, count);
        decoder.filled (count);
        CHECK (decoder.was_full () == (count == space.size ()));
        at += count;
        take (decoder, result);
    }
    return result;
}

Decoded decoded (const Framing &wire, const std::string &bytes, std::size_t step = SIZE_MAX, std::int64_t limit = -1, bool zero_copy = true)
{
    Decoder decoder (wire, limit, zero_copy, nullptr);
    return decoded (decoder, bytes, step);
}

std::string size8 (std::uint64_t value)
{
    std::string text (8, '\0');
    for (std::size_t at = 8; at-- > 0; value >>= 8)
        text[at] = static_cast<char> (value);
    return text;
}

const std::reference_wrapper<const Framing> all_wires[] = {zmtp::v1, zmtp::v2, zmtp::v3_0, zmtp::v3_1};

}  // namespace

TEST_CASE ("v2 frames as RFC 37 draws them")
{
    for (const Framing &wire : Framings{zmtp::v2, zmtp::v3_0, zmtp::v3_1}) {
        CHECK (encoded (wire, {{Kind::data, false, ""}}) == "\0\0"s);
        CHECK (encoded (wire, {{Kind::data, true, "abc"}}) == "\1\3abc"s);
        CHECK (encoded (wire, {{Kind::data, false, pattern (255)}}) == "\0\xff"s + pattern (255));
        CHECK (encoded (wire, {{Kind::data, false, pattern (256)}}) == "\2"s + size8 (256) + pattern (256));
        CHECK (encoded (wire, {{Kind::data, true, pattern (70000)}}) == "\3"s + size8 (70000) + pattern (70000));
    }
}

TEST_CASE ("v1 frames as RFC 13 draws them")
{
    CHECK (encoded (zmtp::v1, {{Kind::data, false, "out"}}) == "\4\0out"s);
    CHECK (encoded (zmtp::v1, {{Kind::data, true, ""}}) == "\1\1"s);
    CHECK (encoded (zmtp::v1, {{Kind::data, false, pattern (253)}}) == "\xfe\0"s + pattern (253));
    CHECK (encoded (zmtp::v1, {{Kind::data, false, pattern (254)}}) == "\xff"s + size8 (255) + "\0"s + pattern (254));
    CHECK (encoded (zmtp::v1, {{Kind::data, true, pattern (9000)}}) == "\xff"s + size8 (9001) + "\1"s + pattern (9000));
}

TEST_CASE ("subscriptions in the form of each wire")
{
    const Frame subscribe{Kind::subscribe, false, "ab"};
    const Frame cancel{Kind::cancel, false, "ab"};
    CHECK (encoded (zmtp::v1, {subscribe, cancel}) == "\4\0\1ab\4\0\0ab"s);
    CHECK (encoded (zmtp::v2, {subscribe, cancel}) == "\0\3\1ab\0\3\0ab"s);
    CHECK (encoded (zmtp::v3_0, {subscribe, cancel}) == "\0\3\1ab\0\3\0ab"s);
    CHECK (encoded (zmtp::v3_1, {subscribe, cancel}) == "\4\x0c\x09SUBSCRIBEab\4\x09\6CANCELab"s);
    CHECK (encoded (zmtp::v3_1, {{Kind::subscribe, false, ""}}) == "\4\x0a\x09SUBSCRIBE"s);
    // Where the size passes 255 only with what is put before the topic, LONG must be set.
    CHECK (encoded (zmtp::v3_1, {{Kind::subscribe, false, pattern (246)}}) == "\6"s + size8 (256) + "\x09SUBSCRIBE" + pattern (246));
    CHECK (encoded (zmtp::v3_1, {{Kind::subscribe, false, pattern (245)}}) == "\4\xff\x09SUBSCRIBE"s + pattern (245));
    CHECK (encoded (zmtp::v3_0, {{Kind::subscribe, false, pattern (255)}}) == "\2"s + size8 (256) + "\1" + pattern (255));
    CHECK (encoded (zmtp::v2, {{Kind::cancel, false, pattern (254)}}) == "\0\xff\0"s + pattern (254));
    // A topic long enough to be referenced instead of copied.
    CHECK (encoded (zmtp::v3_1, {{Kind::cancel, false, pattern (5000)}}) == "\6"s + size8 (5007) + "\6CANCEL" + pattern (5000));
}

TEST_CASE ("commands are sent where there are commands, and dropped elsewhere")
{
    const std::vector<Frame> frames{{Kind::ping, false, "\0\5ctx"s},
                                    {Kind::pong, false, "ctx"},
                                    {Kind::join, false, "g"},
                                    {Kind::leave, false, "g"},
                                    {Kind::command, false, "\3ABCxyz"}};
    const std::string golden = "\4\x0a\4PING\0\5ctx"s
                               "\4\x08\4PONGctx"
                               "\4\6\4JOINg"
                               "\4\7\5LEAVEg"
                               "\4\7\3ABCxyz";
    CHECK (encoded (zmtp::v3_0, frames) == golden);
    CHECK (encoded (zmtp::v3_1, frames) == golden);
    CHECK (encoded (zmtp::v1, frames).empty ());
    CHECK (encoded (zmtp::v2, frames).empty ());
    CHECK (decoded (zmtp::v3_1, golden).frames == frames);
}

TEST_CASE ("commands are recognised by exact name, others handed on whole")
{
    const auto only = [] (const std::string &bytes) {
        const Decoded result = decoded (zmtp::v3_0, bytes);
        CHECK (result.error == 0);
        REQUIRE (result.frames.size () == 1);
        return result.frames[0];
    };
    CHECK (only ("\4\x0c\x09SUBSCRIBEab"s) == Frame{Kind::subscribe, false, "ab"});
    CHECK (only ("\5\x0c\x09SUBSCRIBEab"s) == Frame{Kind::subscribe, false, "ab"});  // MORE means nothing on a command
    CHECK (only ("\4\7\6CANCEL"s) == Frame{Kind::cancel, false, ""});
    CHECK (only ("\4\0"s) == Frame{Kind::command, false, ""});
    CHECK (only ("\4\x0a\x09subscribe"s) == Frame{Kind::command, false, "\x09subscribe"});
    CHECK (only ("\4\3\x09SU"s) == Frame{Kind::command, false, "\x09SU"});
    CHECK (only ("\4\6\4PING\7"s) == Frame{Kind::command, false, "\4PING\7"});  // no time-to-live
    CHECK (only ("\4\7\4PING\0\7"s) == Frame{Kind::ping, false, "\0\7"s});
    CHECK (only ("\4\6\5READY"s) == Frame{Kind::command, false, "\5READY"});
    CHECK (only ("\xfc\6\5READY"s) == Frame{Kind::command, false, "\5READY"});  // reserved bits are ignored
    CHECK (only ("\xf9\1x"s) == Frame{Kind::data, true, "x"});
    CHECK (only ("\6"s + size8 (4001 + 10) + "\x09SUBSCRIBE" + pattern (4001)) == Frame{Kind::subscribe, false, pattern (4001)});
    CHECK (only ("\6"s + size8 (300000 + 10) + "\x09SUBSCRIBE" + pattern (300000)) == Frame{Kind::subscribe, false, pattern (300000)});
    // ZMTP 2.0 knows no commands.
    CHECK (decoded (zmtp::v2, "\4\7\6CANCEL"s).frames == std::vector<Frame>{{Kind::data, false, "\6CANCEL"}});
    // The long form is accepted for small sizes.
    CHECK (only ("\2"s + size8 (3) + "abc") == Frame{Kind::data, false, "abc"});
    CHECK (decoded (zmtp::v1, "\xff"s + size8 (4) + "\1abc").frames == std::vector<Frame>{{Kind::data, true, "abc"}});
}

TEST_CASE ("every segmentation of a small stream gives the same frames")
{
    const std::vector<Frame> frames{{Kind::data, true, ""},
                                    {Kind::data, false, "a"},
                                    {Kind::data, true, pattern (33)},
                                    {Kind::data, true, pattern (34)},
                                    {Kind::data, false, pattern (253)},
                                    {Kind::data, true, pattern (254)},
                                    {Kind::data, false, pattern (255)},
                                    {Kind::data, false, pattern (256)},
                                    {Kind::data, false, pattern (1024)}};
    for (const Framing &wire : all_wires) {
        const std::string bytes = encoded (wire, frames);
        for (std::size_t step = 1; step < 300; ++step) {
            const Decoded result = decoded (wire, bytes, step);
            REQUIRE (result.error == 0);
            REQUIRE (result.frames == frames);
        }
        for (std::size_t cut = 0; cut <= bytes.size (); ++cut) {
            Decoder decoder (wire, -1, cut % 2 == 0, nullptr);
            Decoded result = decoded (decoder, bytes.substr (0, cut));
            const Decoded rest = decoded (decoder, bytes.substr (cut));
            result.frames.insert (result.frames.end (), rest.frames.begin (), rest.frames.end ());
            REQUIRE (result.frames == frames);
            CHECK (decoder.empty ());
        }
        for (std::size_t step = 1; step < 40; ++step)
            REQUIRE (encoded (wire, frames, step) == bytes);
    }
}

TEST_CASE ("limits: a frame over the limit is refused by its header, one at the limit is not")
{
    for (const std::size_t limit : std::initializer_list<std::size_t>{0, 5, 33, 40, 300, 5000}) {
        for (const Framing &wire : all_wires) {
            const std::string fits = encoded (wire, {{Kind::data, false, pattern (limit)}});
            const std::string too_large = encoded (wire, {{Kind::data, false, pattern (limit + 1)}});
            const auto bound = static_cast<std::int64_t> (limit);
            CHECK (decoded (wire, fits, 1, bound).frames.size () == 1);
            CHECK (decoded (wire, fits, SIZE_MAX, bound).frames.size () == 1);
            const Decoded refused = decoded (wire, too_large.substr (0, 10), 1, bound);
            CHECK (refused.frames.empty ());
            CHECK (refused.error == EMSGSIZE);
            CHECK (decoded (wire, fits + too_large, SIZE_MAX, bound).frames.size () == 1);
        }
    }
}

TEST_CASE ("limits of a message: at them it passes, beyond it ends with the part that is too much, whatever came before")
{
    const auto limited = [] (const Framing &wire, const std::string &bytes, std::size_t step, std::int64_t most_bytes, int most_parts) {
        Decoder decoder (wire, -1, true, nullptr);
        decoder.limit_messages (most_bytes, most_parts);
        return decoded (decoder, bytes, step);
    };
    const std::vector<Frame> good{{Kind::data, true, ""},           {Kind::data, true, pattern (40)},  {Kind::data, false, pattern (60)},
                                  {Kind::data, false, "single"},    {Kind::data, true, pattern (99)},  {Kind::data, true, ""},
                                  {Kind::data, false, pattern (1)}, {Kind::data, false, pattern (100)}};
    for (const Framing &wire : all_wires)
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
            const std::string bytes = encoded (wire, good);
            const Decoded passed = limited (wire, bytes, step, 100, 3);
            CHECK (passed.error == 0);
            CHECK (passed.frames == good);
            const auto refuses = [&] (const std::vector<Frame> &message, std::size_t taken, std::int64_t most_bytes, int most_parts) {
                const Decoded result = limited (wire, bytes + encoded (wire, message), step, most_bytes, most_parts);
                CHECK (result.error == EMSGSIZE);
                CHECK (result.frames.size () == good.size () + taken);
            };
            refuses ({{Kind::data, true, pattern (50)}, {Kind::data, false, pattern (51)}}, 1, 100, 3);
            refuses ({{Kind::data, true, pattern (99)}, {Kind::data, true, "a"}, {Kind::data, false, "b"}}, 2, 100, 0);
            refuses ({{Kind::data, false, pattern (101)}}, 0, 100, 0);
            refuses ({{Kind::data, true, ""}, {Kind::data, true, ""}, {Kind::data, true, ""}, {Kind::data, false, ""}}, 3, -1, 3);
        }
    // By its header alone: nothing of a body that is too large is waited for.
    CHECK (limited (zmtp::v3_1, "\1\2ab\2"s + size8 (1 << 20), 1, 1000, 0).error == EMSGSIZE);
    CHECK (limited (zmtp::v3_1, "\0\2"s, 1, 1, 0).error == EMSGSIZE);
    CHECK (limited (zmtp::v3_1, "\0\1x"s, 1, 0, 0).error == EMSGSIZE);
    CHECK (limited (zmtp::v3_1, "\0\0"s, 1, 0, 1).frames.size () == 1);
    // Of large bodies, which have their own memory.
    const std::vector<Frame> large{{Kind::data, true, pattern (300000)}, {Kind::data, false, pattern (200000)}, {Kind::data, false, "s"}};
    const std::string bytes = encoded (zmtp::v3_1, large);
    CHECK (limited (zmtp::v3_1, bytes, SIZE_MAX, 500000, 2).frames == large);
    CHECK (limited (zmtp::v3_1, bytes, SIZE_MAX, 499999, 2).error == EMSGSIZE);
}

TEST_CASE ("limits of a message do not count commands")
{
    const std::string text = "\4\x11\4PING\0\5contextual"s;
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    decoder.limit_messages (3, 2);
    const Decoded result = decoded (decoder, "\1\3abc" + text + "\4\x0c\x09SUBSCRIBEab\0\0"s + text, 1);
    CHECK (result.error == 0);
    CHECK (result.frames.size () == 5);
}

TEST_CASE ("limits of a message bound a command as well, before any of it is kept")
{
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    decoder.limit_messages (4000, 0);
    CHECK (decoded (decoder, "\6"s + size8 (1 << 20) + std::string (100, 'x'), 7).error == EMSGSIZE);
    Decoder of_parts (zmtp::v3_1, -1, true, nullptr);
    of_parts.limit_messages (-1, 3);
    CHECK (decoded (of_parts, "\6"s + size8 (1 << 20), 7).error == 0);
}

TEST_CASE ("malformed and impossible frames end the stream, for good")
{
    CHECK (decoded (zmtp::v1, "\0"s).error == EPROTO);
    CHECK (decoded (zmtp::v1, "\xff"s + size8 (0)).error == EPROTO);
    // Flags other than MORE, as soon as they are there.
    for (int flags = 2; flags < 256; ++flags) {
        CHECK (decoded (zmtp::v1, "\2\0a\4"s + static_cast<char> (flags)).error == EPROTO);
        CHECK (decoded (zmtp::v1, "\xff"s + size8 (4) + static_cast<char> (flags)).error == EPROTO);
    }
    CHECK (decoded (zmtp::v1, "\xff"s + size8 (UINT64_MAX) + "\0"s).error == EMSGSIZE);
    CHECK (decoded (zmtp::v3_1, "\2"s + size8 (UINT64_MAX)).error == EMSGSIZE);
    CHECK (decoded (zmtp::v3_1, "\2"s + size8 (std::uint64_t{1} << 63)).error == EMSGSIZE);

    Decoder decoder (zmtp::v1, -1, true, nullptr);
    CHECK (decoded (decoder, "\2\0x\0"s).frames.size () == 1);
    Msg out;
    CHECK (decoder.next (out) == Decoder::Result::error);
    CHECK (decoder.error_code () == EPROTO);
    CHECK (decoder.space ().empty ());
    CHECK (decoder.empty ());
}

TEST_CASE ("a length alone allocates little, and the body grows with what comes")
{
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    CHECK (decoded (decoder, "\2"s + size8 (std::uint64_t{1} << 40)).error == 0);
    CHECK (decoder.space ().size () <= Decoder::first_allocation);
    CHECK_FALSE (decoder.empty ());

    const std::string body = pattern (11u << 20);
    for (const std::size_t step : {std::size_t{100000}, SIZE_MAX}) {
        const Decoded result = decoded (zmtp::v3_1, "\3"s + size8 (body.size ()) + body + "\0\1z"s, step);
        REQUIRE (result.frames.size () == 2);
        CHECK (result.frames[0].more);
        CHECK ((result.frames[0].body == body));
        CHECK (result.frames[1].body == "z");
    }
}

TEST_CASE ("messages outlive decoder and buffer")
{
    std::vector<Msg> kept;
    {
        Decoder decoder (zmtp::v3_1, -1, true, nullptr);
        const std::string bytes = encoded (zmtp::v3_1, {{Kind::data, false, pattern (2000, 1)}, {Kind::data, false, pattern (3000, 2)}});
        for (int round = 0; round < 300; ++round) {
            REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()}));
            Msg out;
            while (decoder.next (out) == Decoder::Result::frame)
                kept.push_back (std::move (out));
            CHECK (decoder.empty ());
        }
    }
    REQUIRE (kept.size () == 600);
    for (std::size_t at = 0; at < kept.size (); ++at)
        CHECK (kept[at].view () == pattern (at % 2 ? 3000 : 2000, at % 2 ? 2 : 1));
    engine::Buffer::drain_pool ();
}

TEST_CASE ("leftovers of any length can be appended before anything is taken")
{
    const std::string frame = encoded (zmtp::v3_1, {{Kind::data, false, pattern (700)}});
    std::string bytes;
    for (int at = 0; at < 900; ++at)
        bytes += frame;
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ()}));
    Decoder moved (std::move (decoder));
    CHECK (decoder.empty ());
    Decoded result;
    take (moved, result);
    CHECK (result.frames.size () == 900);
    CHECK (moved.empty ());
}

TEST_CASE ("the read size follows the traffic")
{
    Decoder decoder (zmtp::v3_1, -1, true, nullptr);
    CHECK (decoder.space ().size () >= 8192);
    CHECK (decoder.space ().size () < 16384);
    const std::string flood (1u << 20, '\0');
    decoded (decoder, flood);
    CHECK (decoder.space ().size () >= (200u << 10));
    for (int read = 0; read < 100; ++read)
        decoded (decoder, "\0\1x"s);
    CHECK (decoder.space ().size () < 16384);
}

TEST_CASE ("metadata is put on data, subscriptions and cancels, and its references balance")
{
    const std::vector<Metadata::Property> properties{{"Socket-Type", "PUSH"}};
    Metadata *metadata = Metadata::create (properties);
    REQUIRE (metadata);
    Msg kept;
    {
        Decoder decoder (zmtp::v3_1, -1, true, metadata);
        metadata->release ();
        const std::string bytes = encoded (zmtp::v3_1, {{Kind::data, false, "short"},
                                                        {Kind::data, false, pattern (500)},
                                                        {Kind::subscribe, false, "x"},
                                                        {Kind::ping, false, "ttl"},
                                                        {Kind::data, false, pattern (300000)}});
        Msg out;
        int with = 0;
        for (int round = 0; round < 3000; ++round) {
            REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), round == 0 ? bytes.size () : 7}));
            while (decoder.next (out) == Decoder::Result::frame) {
                CHECK ((out.metadata () != nullptr) == (out.kind () != Kind::ping));
                with += out.metadata () != nullptr;
            }
        }
        CHECK (with == 3003);
        REQUIRE (decoder.append ({reinterpret_cast<const std::uint8_t *> (bytes.data ()), 7}));
        REQUIRE (decoder.next (kept) == Decoder::Result::frame);
    }
    CHECK (std::string (kept.metadata ()->get ("Socket-Type")) == "PUSH");
}

TEST_CASE ("a raw decoder hands on what came")
{
    Decoder decoder = Decoder::raw (nullptr);
    for (const std::size_t size : std::initializer_list<std::size_t>{1, 33, 34, 1023, 1024, 5000}) {
        const Decoded result = decoded (decoder, pattern (size));
        REQUIRE (result.frames.size () == 1);
        CHECK (result.frames[0] == Frame{Kind::data, false, pattern (size)});
        CHECK (decoder.empty ());
    }
    // However much comes, no piece is larger than was asked for.
    for (const std::size_t most : {std::size_t{1}, std::size_t{20'000}}) {
        Decoder bounded = Decoder::raw (nullptr, most);
        for (const Frame &frame : decoded (bounded, pattern (1 << 20)).frames)
            CHECK (frame.body.size () <= std::max (most, Buffer::smallest));
    }
    // Bytes that would be a malformed v1 frame are nothing special.
    CHECK (decoded (decoder, "\0"s).frames.size () == 1);
}

TEST_CASE ("a batch takes raw bytes and bodies, and forgets all on clear")
{
    Batch batch;
    CHECK (batch.empty ());
    CHECK (batch.append ("abc", 3) == 0);
    Msg large = message ({Kind::data, false, pattern (6000)});
    Msg small = message ({Kind::data, false, "tail"});
    const std::uint8_t *const place = large.data ();
    CHECK (batch.append_body (large) == 0);
    CHECK (large.size () == 0);
    CHECK (batch.append_body (small) == 0);
    CHECK (batch.size () == 6007);
    iovec entries[8];
    REQUIRE (batch.fill_iovec (entries, 8) == 3);
    CHECK (entries[1].iov_base == place);  // not copied
    Batch moved (std::move (batch));
    CHECK (batch.empty ());
    CHECK (drain (moved, 999) == "abc" + pattern (6000) + "tail");
    CHECK (moved.append ("x", 1) == 0);
    moved.clear ();
    CHECK (moved.empty ());
}

TEST_CASE ("constant and shared bodies can be sent")
{
    static const std::string constant = pattern (9000);
    Encoder encoder (zmtp::v3_1);
    Batch batch;
    Msg one;
    one.init_constant (constant.data (), constant.size ());
    Msg copy;
    Msg original = message ({Kind::data, false, pattern (8000)});
    REQUIRE (copy.copy_from (original) == 0);
    CHECK (encoder.encode (one, batch) == 0);
    CHECK (encoder.encode (copy, batch) == 0);
    CHECK (drain (batch, 4000) == "\2"s + size8 (9000) + constant + "\2" + size8 (8000) + pattern (8000));
    CHECK (original.view () == pattern (8000));
}

TEST_CASE ("what one side encodes the other decodes, whatever the sizes and the segmentation")
{
    std::mt19937 random (99);
    for (int round = 0; round < 120; ++round) {
        const Framing &wire = all_wires[random () % 4];
        const bool commands = &wire == &zmtp::v3_0 || &wire == &zmtp::v3_1;
        std::vector<Frame> frames;
        for (auto count = random () % 60; count > 0; --count) {
            static constexpr std::size_t sizes[] = {40, 300, 1100, 5000, 20000, 200000};
            Frame frame;
            frame.more = random () % 2;
            frame.body =
              pattern (random () % sizes[std::min<std::size_t> (random () % 16, random () % 6)], static_cast<unsigned> (random () % 256));
            if (random () % 8 == 0 && &wire == &zmtp::v3_1)
                frame = {random () % 2 ? Kind::subscribe : Kind::cancel, false, frame.body};
            else if (random () % 8 == 0 && commands)
                frame = {random () % 2 ? Kind::pong : Kind::join, false, frame.body};
            frames.push_back (frame);
        }
        const std::string bytes = encoded (wire, frames, 1 + random () % 10000);
        Decoder decoder (wire, -1, random () % 2, nullptr);
        Decoded result;
        std::vector<Msg> kept;
        for (std::size_t at = 0; at < bytes.size ();) {
            const auto space = decoder.space ();
            REQUIRE_FALSE (space.empty ());
            const std::size_t count =
              std::min<std::size_t> ({space.size (), 1 + random () % (random () % 8 ? 5000 : 300000), bytes.size () - at});
            space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, count);
            decoder.filled (count);
            at += count;
            if (random () % 3 == 0)
                continue;  // frames may wait in the decoder
            Msg out;
            while (decoder.next (out) == Decoder::Result::frame) {
                result.frames.push_back ({out.kind (), out.more (), std::string (out.view ())});
                if (random () % 2)
                    kept.push_back (std::move (out));
            }
        }
        take (decoder, result);
        REQUIRE (result.frames.size () == frames.size ());
        CHECK ((result.frames == frames));
        CHECK (decoder.empty ());
    }
}
