// Feeds the frame decoder WebSocket frames, whole and in pieces: a hostile stream must give the same frames and the same end however it is
// cut, within its limits; what was decoded must survive being encoded and decoded again, and whatever an end says has an answer. Byte 0
// chooses side, limit and zero copy, byte 1 how the stream is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

struct Frame
{
    Kind kind;
    bool more;
    std::string body;
    bool operator== (const Frame &) const = default;
};

struct Outcome
{
    std::vector<Frame> frames;
    int error = 0;
    bool operator== (const Outcome &) const = default;
};

void take (Decoder &decoder, Outcome &outcome)
{
    Msg out;
    for (;;) {
        const Decoder::Result result = decoder.next (out);
        if (result == Decoder::Result::error)
            outcome.error = decoder.error_code ();
        if (result != Decoder::Result::frame)
            return;
        outcome.frames.push_back ({out.kind (), out.more (), std::string (out.view ())});
    }
}

// Reads of sizes that `cut` and their number decide; 0: as large as they can be.
Outcome decode (const Framing &wire, std::int64_t limit, bool zero_copy, const std::uint8_t *bytes, std::size_t size, unsigned cut)
{
    Decoder decoder (wire, limit, zero_copy, nullptr);
    Outcome outcome;
    for (unsigned read = 1; size > 0 && !outcome.error; ++read) {
        const auto space = decoder.space ();
        require (!space.empty ());
        std::size_t count = std::min (space.size (), size);
        if (cut > 0)
            count = std::min<std::size_t> (count, 1 + read * cut % 61);
        space.put (bytes, count);
        decoder.filled (count);
        bytes += count;
        size -= count;
        if (cut % 3 != 1 || size == 0)
            take (decoder, outcome);
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size < 2)
        return 0;
    const bool from_client = data[0] & 1U;
    const Framing &reader = from_client ? websocket::server : websocket::client;
    const Framing &writer = from_client ? websocket::client : websocket::server;
    const bool zero_copy = data[0] & 4U;
    const std::int64_t limit = (data[0] & 8U) ? (data[0] >> 4U) * 20 : -1;
    const unsigned cut = data[1];
    data += 2;
    size -= 2;

    const Outcome whole = decode (reader, limit, zero_copy, data, size, 0);
    require (whole == decode (reader, limit, !zero_copy, data, size, cut));

    Encoder encoder (writer);
    Batch batch;
    for (const Frame &frame : whole.frames) {
        require (limit < 0 || frame.kind != Kind::data || frame.body.size () <= static_cast<std::size_t> (limit));
        if (frame.kind == Kind::end) {
            std::uint8_t answer[Framing::longest_end];
            const auto *said = reinterpret_cast<const std::uint8_t *> (frame.body.data ());
            const std::size_t answered = writer.answer_end (answer, {said, frame.body.size ()});
            require (answered == (frame.body.empty () ? 0 : 2));
        }
        // Subscriptions and unknown commands come back as messages: not the bytes that they were.
        if (frame.kind == Kind::subscribe || frame.kind == Kind::cancel || frame.kind == Kind::command)
            return 0;
        Msg message;
        require (message.init_copy (frame.body.data (), frame.body.size ()) == 0);
        message.set_more (frame.more);
        message.set_kind (frame.kind);
        require (encoder.encode (message, batch) == 0);
    }
    std::string bytes;
    while (!batch.empty ()) {
        iovec entry;
        require (batch.fill_iovec (&entry, 1) == 1);
        const std::size_t count = cut > 0 ? std::min<std::size_t> (entry.iov_len, cut) : entry.iov_len;
        bytes.append (static_cast<const char *> (entry.iov_base), count);
        batch.written (count);
    }
    const Outcome again = decode (reader, -1, zero_copy, reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size (), cut);
    require (again.error == 0 && again.frames == whole.frames);
    return 0;
}
