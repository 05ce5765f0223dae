// Feeds the frame decoder: a hostile stream must give the same frames and the same end however it is cut, within its limits, and what
// was decoded must survive being encoded and decoded again. Byte 0 chooses wire, limit and zero copy, byte 1 how the stream is cut.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
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
    const Framing &wire = *std::array{&zmtp::v1, &zmtp::v2, &zmtp::v3_0, &zmtp::v3_1}[data[0] & 3U];
    const bool zero_copy = data[0] & 4U;
    const std::int64_t limit = (data[0] & 8U) ? (data[0] >> 4U) * 20 : -1;
    const unsigned cut = data[1];
    data += 2;
    size -= 2;

    const Outcome whole = decode (wire, limit, zero_copy, data, size, 0);
    require (whole == decode (wire, limit, !zero_copy, data, size, cut));

    Encoder encoder (wire);
    Batch batch;
    Outcome sent;
    for (const Frame &frame : whole.frames) {
        require (limit < 0 || frame.body.size () <= static_cast<std::size_t> (limit));
        Msg message;
        require (message.init_copy (frame.body.data (), frame.body.size ()) == 0);
        message.set_more (frame.more);
        message.set_kind (frame.kind);
        // Subscriptions are messages on this wire: they come back as such.
        if (&wire == &zmtp::v3_0 && (frame.kind == Kind::subscribe || frame.kind == Kind::cancel))
            sent.frames.push_back ({Kind::data, false, (frame.kind == Kind::subscribe ? '\1' : '\0') + frame.body});
        else
            sent.frames.push_back (frame);
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
    require (sent == decode (wire, -1, zero_copy, reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size (), cut));
    return 0;
}
