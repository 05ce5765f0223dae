// Feeds replies of a ZAP handler: frames that each begin with a byte for their length. Whatever they are, a verdict comes of it, and only a
// whole and well-formed reply lets anybody in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "mechanism/zap.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < size;) {
        const std::size_t length = std::min<std::size_t> (data[at], size - at - 1);
        frames.emplace_back (reinterpret_cast<const char *> (data) + at + 1, length);
        at += 1 + length;
    }
    const ZapVerdict verdict = read_zap_reply (frames);
    using Outcome = ZapVerdict::Outcome;
    require (verdict.outcome == Outcome::allowed || verdict.outcome == Outcome::refused || verdict.outcome == Outcome::malformed);
    if (verdict.outcome == Outcome::malformed)
        return 0;
    require (frames.size () == zap_reply_frames && frames[0].empty () && frames[1] == "1.0" && frames[2] == "1");
    require (frames[3] == std::to_string (verdict.value) && (verdict.outcome == Outcome::allowed) == (verdict.value == 200));
    require (!verdict.properties.empty () && verdict.properties[0].first == "User-Id" && verdict.properties[0].second == frames[5]);
    return 0;
}
