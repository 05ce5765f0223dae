// Nanoseconds a message for the parts of the engine that every message passes: decoder, encoder, ring, inproc queue, subscription trie.
// No test: prints a table. Run on a quiet machine; each figure is the best of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "message/metadata.hpp"
#include "message/ring.hpp"
#include "message/spsc_queue.hpp"
#include "message/subscription_trie.hpp"
#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"

using namespace engine;

namespace {

constexpr int rounds = 7;

template <class Work>
void report (const char *name, std::size_t messages, Work &&work)
{
    double best = 1e18;
    for (int round = 0; round < rounds; ++round) {
        const auto begin = std::chrono::steady_clock::now ();
        work ();
        const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now () - begin;
        best = std::min (best, taken.count ());
    }
    std::printf ("%-48s %9.2f ns\n", name, best / static_cast<double> (messages));
}

std::string stream_of (std::size_t body_size, std::size_t count)
{
    Encoder encoder (zmtp::v3_1);
    Batch batch;
    std::string bytes;
    for (std::size_t at = 0; at < count; ++at) {
        Msg message;
        if (message.init_size (body_size) != 0)
            return {};
        std::memset (message.data (), 'x', body_size);
        static_cast<void> (encoder.encode (message, batch));
        iovec entries[4];
        const int used = batch.fill_iovec (entries, 4);
        for (int entry = 0; entry < used; ++entry)
            bytes.append (static_cast<const char *> (entries[entry].iov_base), entries[entry].iov_len);
        batch.written (batch.size ());
    }
    return bytes;
}

// `pretend` leaves out the copy that stands for the kernel's (every read then finds the same bytes there).
void decode (const char *name, std::size_t body_size, std::size_t count, bool zero_copy, Metadata *metadata = nullptr)
{
    const std::string bytes = stream_of (body_size, count);
    std::size_t sum = 0;
    const auto run = [&] (bool decode_too) {
        Decoder decoder (zmtp::v3_1, -1, zero_copy, metadata);
        std::vector<std::uint8_t> sink (256 << 10);
        Msg out;
        for (std::size_t at = 0; at < bytes.size ();) {
            const auto space = decode_too ? decoder.space () : Decoder::Space{sink, {}};
            const std::size_t part = std::min (space.size (), bytes.size () - at);
            space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, part);
            at += part;
            if (!decode_too)
                continue;
            decoder.filled (part);
            while (decoder.next (out) == Decoder::Result::frame)
                sum += out.size ();
        }
    };
    double best[2] = {1e18, 1e18};
    for (int round = 0; round < rounds; ++round)
        for (const bool decode_too : {false, true}) {
            const auto begin = std::chrono::steady_clock::now ();
            run (decode_too);
            const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now () - begin;
            best[decode_too] = std::min (best[decode_too], taken.count ());
        }
    std::printf ("%-48s %9.2f ns, of which the read's copy %.2f\n", name, best[1] / static_cast<double> (count),
                 best[0] / static_cast<double> (count));
    if (sum == 0)
        std::puts ("nothing decoded");
}

void encode (const char *name, std::size_t body_size, std::size_t count)
{
    Encoder encoder (zmtp::v3_1);
    Batch batch;
    report (name, count, [&] {
        for (std::size_t at = 0; at < count; ++at) {
            Msg message;
            static_cast<void> (message.init_size (body_size));
            static_cast<void> (encoder.encode (message, batch));
            if (batch.size () >= 65536)
                batch.written (batch.size ());
        }
        batch.written (batch.size ());
    });
}

}  // namespace

int main ()
{
    constexpr std::size_t many = 2000000;
    const std::vector<Metadata::Property> properties{{"Socket-Type", "PUSH"}};
    Metadata *metadata = Metadata::create (properties, 3);
    decode ("decode, 10 bytes", 10, many, true);
    decode ("decode, 10 bytes, with metadata", 10, many, true, metadata);
    decode ("decode, 33 bytes", 33, many, true);
    decode ("decode, 100 bytes", 100, many / 4, true);
    decode ("decode, 512 bytes", 512, many / 8, true);
    decode ("decode, 1024 bytes, slices", 1024, many / 16, true);
    decode ("decode, 1024 bytes, copies", 1024, many / 16, false);
    decode ("decode, 4096 bytes, slices", 4096, many / 64, true);
    decode ("decode, 4096 bytes, copies", 4096, many / 64, false);
    decode ("decode, 64 KiB, slices", 65536, many / 1024, true);
    decode ("decode, 64 KiB, own memory", 65536, many / 1024, false);
    decode ("decode, 1 MiB", 1 << 20, many / 8192, true);
    metadata->release ();

    encode ("make and encode, 10 bytes", 10, many);
    encode ("make and encode, 100 bytes", 100, many / 4);
    encode ("make and encode, 1024 bytes", 1024, many / 16);
    encode ("make and encode, 4096 bytes (copied)", 4096, many / 64);
    encode ("make and encode, 4097 bytes (referenced)", 4097, many / 64);
    encode ("make and encode, 64 KiB (referenced)", 65536, many / 1024);

    Ring ring;
    report ("ring, push and pop, depth 1", many, [&] {
        Msg message;
        Msg out;
        for (std::size_t at = 0; at < many; ++at) {
            static_cast<void> (ring.push (std::move (message)));
            ring.pop (out);
        }
    });
    report ("ring, push and pop, bursts of 1000", many, [&] {
        Msg out;
        for (std::size_t at = 0; at < many; at += 1000) {
            for (int burst = 0; burst < 1000; ++burst) {
                Msg message;
                static_cast<void> (ring.push (std::move (message)));
            }
            while (ring.pop (out)) {
            }
        }
    });
    SpscQueue queue;
    report ("inproc queue, push, publish, pop, one thread", many, [&] {
        Msg out;
        for (std::size_t at = 0; at < many; ++at) {
            Msg message;
            static_cast<void> (queue.push (std::move (message)));
            static_cast<void> (queue.publish ());
            queue.pop (out);
        }
    });
    SubscriptionTrie trie;
    trie.add ("news", reinterpret_cast<Pipe *> (64));
    std::size_t found = 0;
    report ("subscription trie, one topic, match", many, [&] {
        for (std::size_t at = 0; at < many; ++at)
            trie.match ("newspaper", [&] (Pipe *) { ++found; });
    });
    for (std::uintptr_t topic = 0; topic < 10000; ++topic)
        trie.add ("topic/" + std::to_string (topic * 7919 % 100003), reinterpret_cast<Pipe *> (64 * (topic + 1)));
    report ("subscription trie, 10,001 topics, match", many, [&] {
        for (std::size_t at = 0; at < many; ++at)
            trie.match ("topic/7919/x", [&] (Pipe *) { ++found; });
    });
    return found == 0;
}
