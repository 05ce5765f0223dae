// Feeds both sides of the WebSocket opening: the outcome is the same however the bytes are cut, nothing behind the head is taken, a server
// that refuses always says why in HTTP, and what one side of ours says the other accepts. Byte 0 chooses side and sub-protocols, byte 1 how
// the bytes are cut.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "transport/websocket_opening.hpp"

using namespace engine;

namespace {

// An invariant of ours, checked in release builds too.
void require (bool condition)
{
    if (!condition)
        std::abort ();
}

using State = WebSocketOpening::State;

std::string said (const WebSocketOpening &opening)
{
    const auto bytes = opening.output ();
    return {bytes.begin (), bytes.end ()};
}

template <class Opening>
std::size_t feed (Opening &opening, std::span<const std::uint8_t> bytes, unsigned cut)
{
    std::size_t used = 0;
    while (used < bytes.size ()) {
        const std::size_t count = cut == 0 ? bytes.size () - used : std::min<std::size_t> (bytes.size () - used, 1 + used * cut % 17);
        const std::size_t part = opening.feed (bytes.subspan (used, count));
        require (part <= count);
        used += part;
        if (part < count)
            break;
    }
    return used;
}

template <class Opening>
void compare (const Opening &whole, std::size_t used, const Opening &pieces, std::size_t used_in_pieces)
{
    require (whole.state () == pieces.state ());
    require (said (whole) == said (pieces));
    if (whole.state () == State::agreed)
        require (used == used_in_pieces && whole.with_mechanism () == pieces.with_mechanism ());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    if (size < 2)
        return 0;
    const bool as_server = data[0] & 1U;
    const SubProtocols ours{(data[0] & 2U) ? "CURVE" : "NULL", !(data[0] & 2U)};
    const unsigned cut = data[1];
    const std::span<const std::uint8_t> bytes (data + 2, size - 2);
    const std::array<std::uint8_t, WebSocketRequest::key_size> key{};

    if (as_server) {
        WebSocketAnswer whole (ours), pieces (ours);
        const std::size_t used = feed (whole, bytes, 0);
        compare (whole, used, pieces, feed (pieces, bytes, cut));
        const std::string answer = said (whole);
        if (whole.state () == State::in_progress)
            require (answer.empty () && used == bytes.size () && used <= HttpHead::most_bytes);
        else
            require (answer.starts_with ("HTTP/1.1 ") && answer.find ("\r\n\r\n") != std::string::npos);
        require (answer.starts_with ("HTTP/1.1 101 ") == (whole.state () == State::agreed));
        return 0;
    }
    WebSocketRequest whole (ours, "host:1", "/path", key), pieces (ours, "host:1", "/path", key);
    const std::size_t used = feed (whole, bytes, 0);
    compare (whole, used, pieces, feed (pieces, bytes, cut));

    WebSocketRequest client (ours, "host:1", "/path", key);
    WebSocketAnswer server (ours);
    const auto request = client.output ();
    require (feed (server, request, cut) == request.size () && server.state () == State::agreed);
    const auto reply = server.output ();
    require (feed (client, reply, cut) == reply.size () && client.state () == State::agreed);
    return 0;
}
