// TLS's layer between what the wire brings and what a stream asks of it. Byte 0 chooses: the input comes instead of a peer's opening
// exchange, to our server or our client; or both are ours and open, and the input says what happens then: writes of all sizes, room that is
// short, bytes handed on in pieces, changed, made up, the end.
//
// Whatever comes, what is read is what was written, from its beginning, and no more than was counted as written; a layer that has failed
// stays failed; and an altered byte ends the connection.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#if defined ZMQ_HAVE_TLS

#    include <cstdlib>
#    include <memory>
#    include <span>
#    include <string>

#    include "transport/memory_layer.hpp"
#    include "transport/tls_certificate.hpp"
#    include "transport/tls_layer.hpp"

using namespace engine;
using namespace held;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

std::shared_ptr<TlsContext> make_context (TlsRole role)
{
    static Authority authority;
    static const Identity server = authority.issue ("server", "DNS:server");
    TlsSettings settings;
    if (role == TlsRole::server) {
        settings.certificate = SecretText (server.certificate);
        settings.key = SecretText (server.key);
        settings.verify = TlsVerify::none;
    } else {
        settings.trust = authority.certificate ();
    }
    auto made = TlsContext::make (settings, role, std::make_shared<TlsReport> ());
    require (made != nullptr);
    return made;
}

struct Side
{
    explicit Side (TlsRole role)
    {
        static const std::shared_ptr<TlsContext> contexts[] = {make_context (TlsRole::client), make_context (TlsRole::server)};
        bytes.put_on (std::make_unique<MemoryLayer> (wire));
        require (put_tls_on (bytes, contexts[role == TlsRole::server], "server", 1) == 0);
    }

    MemoryEnd wire;
    ByteStream bytes;
    std::string offered;  // to write, from `counted` on
    std::size_t counted = 0;
    std::size_t read = 0;  // of what the other has written
    bool altered = false;  // what comes to it
    bool failed = false;
};

void carry (Side &from, Side &to, std::size_t most)
{
    const std::size_t count = std::min (most, from.wire.out.size ());
    to.wire.in.append (from.wire.out, 0, count);
    from.wire.out.erase (0, count);
    to.wire.in_ended = to.wire.in_ended || (from.wire.out_ended && from.wire.out.empty ());
}

void read_some (Side &side, const Side &other, std::size_t most)
{
    std::string space (most, '\0');
    const ssize_t count = side.bytes.read ({reinterpret_cast<std::uint8_t *> (space.data ()), space.size ()});
    if (count > 0) {
        const auto size = static_cast<std::size_t> (count);
        require (!side.failed);
        // (The record that is under way is not counted before all of it is gone.)
        require (side.read + size <= other.counted);
        require (other.offered.compare (side.read, size, space, 0, size) == 0);
        side.read += size;
    } else if (count < 0 && errno != EAGAIN) {
        // (The other tells of what it makes nothing of, and of an end in the middle of a record.)
        require (side.altered || other.altered || side.wire.in_ended || other.wire.in_ended);
        side.failed = true;
        require (side.bytes.pending ());
    } else if (count < 0) {
        require (!side.failed && !side.bytes.pending ());
    }
}

void write_some (Side &side, std::size_t more)
{
    side.offered.append (more, static_cast<char> ('a' + side.offered.size () % 26));
    // In two pieces, as a header and a body.
    char *const left = side.offered.data () + side.counted;
    const std::size_t size = side.offered.size () - side.counted, first = std::min<std::size_t> (size, 9);
    const iovec pieces[] = {{left, first}, {left + first, size - first}};
    const ssize_t count = side.bytes.write (pieces, 2);
    if (count > 0) {
        side.counted += static_cast<std::size_t> (count);
        require (side.counted <= side.offered.size ());
    }
    (void) side.bytes.wants (3);
}

void talk (std::span<const std::uint8_t> input)
{
    Side client (TlsRole::client), server (TlsRole::server);
    int of_client = EAGAIN, of_server = EAGAIN;
    for (int i = 0; i < 10 && (of_client || of_server); ++i) {
        of_client = client.bytes.open ();
        carry (client, server, SIZE_MAX);
        of_server = server.bytes.open ();
        carry (server, client, SIZE_MAX);
    }
    require (of_client == 0 && of_server == 0);

    while (input.size () >= 2) {
        Side &side = input[0] & 1 ? server : client, &other = input[0] & 1 ? client : server;
        const std::size_t amount = input[1];
        const int step = (input[0] >> 1) % 8;
        input = input.subspan (2);
        switch (step) {
        case 0:
            if (side.offered.size () < 200'000)
                write_some (side, amount * amount);
            break;
        case 1:
            carry (side, other, amount * amount);
            break;
        case 2:
            read_some (side, other, amount * 100 + 1);
            break;
        case 3:
            side.wire.room = amount == 255 ? SIZE_MAX : amount * 8;
            break;
        case 4:
            if (!side.wire.in.empty ()) {
                side.wire.in[amount % side.wire.in.size ()] ^= 0x11;
                side.altered = true;
            }
            break;
        case 5: {
            const std::size_t count = std::min (amount, input.size ());
            side.wire.in.append (reinterpret_cast<const char *> (input.data ()), count);
            side.altered = side.altered || count > 0;
            input = input.subspan (count);
            break;
        }
        case 6:
            if (amount < 8 && side.bytes.end_output () == 0 && amount < 4)
                carry (side, other, SIZE_MAX);
            break;
        default:
            side.bytes.push ();
            side.wire.in_most = amount + 1;
            break;
        }
    }
    // What was counted can be read to its end, unless somebody was in the way.
    for (Side *side : {&client, &server}) {
        Side &other = side == &client ? server : client;
        side->wire.in_most = SIZE_MAX;
        carry (other, *side, SIZE_MAX);
        for (std::size_t before = SIZE_MAX; before != side->read && !side->failed;) {
            before = side->read;
            for (int i = 0; i < 4; ++i)
                read_some (*side, other, 50'000);
        }
        if (!side->altered && !side->failed)
            require (side->read == other.counted);
    }
}

// The input in place of a peer.
void open_with (TlsRole role, std::size_t piece, std::span<const std::uint8_t> input)
{
    Side side (role);
    int result = side.bytes.open ();
    for (int rounds = 0; !input.empty () && rounds < 300; ++rounds) {
        const std::size_t count = std::min (piece, input.size ());
        side.wire.in.append (reinterpret_cast<const char *> (input.data ()), count);
        input = input.subspan (count);
        const int before = result;
        result = side.bytes.open ();
        require (result != 0);  // nobody guesses a Finished
        require (before == EAGAIN || result == before);
        // (EPIPE: it has said good-bye.)
        require ((result == EAGAIN || result == EPIPE) == (side.bytes.failure () == 0));
    }
    side.wire.in_ended = true;
    require (side.bytes.open () != 0);
}

}  // namespace

#endif

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
#if defined ZMQ_HAVE_TLS
    if (size < 2)
        return 0;
    const std::span<const std::uint8_t> input (data + 1, size - 1);
    if (data[0] & 1)
        talk (input);
    else
        open_with (data[0] & 2 ? TlsRole::server : TlsRole::client, (data[0] >> 2) + 1u, input);
#else
    static_cast<void> (data);
    static_cast<void> (size);
#endif
    return 0;
}
