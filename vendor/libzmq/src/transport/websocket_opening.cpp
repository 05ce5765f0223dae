// See websocket_opening.hpp.
#include "transport/websocket_opening.hpp"

#include "base/base64.hpp"
#include "base/sha1.hpp"

namespace engine {

namespace {

constexpr std::string_view family = "ZWS2.0";
constexpr std::string_view version = "13";

std::string named (const SubProtocols &ours)
{
    std::string name (family);
    return (name += '/') += ours.mechanism;
}

std::string accept_for (std::string_view key)
{
    std::string text (key);
    return base64_encode (sha1 (text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

// The three parts of a request's first line.
struct RequestLine
{
    std::string_view method;
    std::string_view target;
    std::string_view protocol;
    bool valid = false;
};

RequestLine take_apart (std::string_view line) noexcept
{
    RequestLine parts;
    const std::size_t first = line.find (' ');
    const std::size_t last = line.rfind (' ');
    if (first == std::string_view::npos || first == last)
        return parts;
    parts.method = line.substr (0, first);
    parts.target = line.substr (first + 1, last - first - 1);
    parts.protocol = line.substr (last + 1);
    parts.valid = !parts.method.empty () && !parts.target.empty () && parts.target.find_first_of (" \t") == std::string_view::npos &&
                  parts.protocol.starts_with ("HTTP/");
    return parts;
}

}  // namespace

bool WebSocketOpening::choose (std::string_view protocol) noexcept
{
    const bool plain = protocol == family;
    if (plain
          ? !ours_.without_mechanism
          : !protocol.starts_with (family) || protocol[family.size ()] != '/' || protocol.substr (family.size () + 1) != ours_.mechanism)
        return false;
    with_mechanism_ = !plain;
    return true;
}

// ---- who asks ----

WebSocketRequest::WebSocketRequest (SubProtocols ours, std::string_view host, std::string_view path,
                                    std::span<const std::uint8_t, key_size> key)
    : WebSocketOpening (std::move (ours))
{
    const std::string text = base64_encode (key);
    expected_ = accept_for (text);
    ((out_ = "GET ") += path) += " HTTP/1.1\r\n";
    (out_ += "Host: ") += host;
    out_ += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    (out_ += "Sec-WebSocket-Key: ") += text;
    (out_ += "\r\nSec-WebSocket-Protocol: ") += named (ours_);
    if (ours_.without_mechanism)
        (out_ += ',') += family;
    ((out_ += "\r\nSec-WebSocket-Version: ") += version) += "\r\n\r\n";
}

std::size_t WebSocketRequest::feed (std::span<const std::uint8_t> bytes)
{
    if (state_ != State::in_progress)
        return 0;
    const std::size_t used = head_.feed (bytes);
    if (head_.state () == HttpHead::State::complete && acceptable () && choose (head_.value ("sec-websocket-protocol")))
        state_ = State::agreed;
    else if (head_.state () != HttpHead::State::incomplete)
        state_ = State::failed;
    return used;
}

bool WebSocketRequest::acceptable () const
{
    const std::string_view line = head_.start_line ();
    constexpr std::string_view switching = "HTTP/1.1 101";
    return line.starts_with (switching) && (line.size () == switching.size () || line[switching.size ()] == ' ') &&
           head_.lists ("upgrade", "websocket") && head_.lists ("connection", "upgrade") && head_.count ("sec-websocket-accept") == 1 &&
           head_.value ("sec-websocket-accept") == expected_ && head_.count ("sec-websocket-protocol") == 1 &&
           head_.items ("sec-websocket-extensions").empty ();
}

// ---- who answers ----

std::size_t WebSocketAnswer::feed (std::span<const std::uint8_t> bytes)
{
    if (state_ == State::failed) {
        forgotten_ += bytes.size ();
        return bytes.size ();
    }
    if (state_ == State::agreed)
        return 0;
    const std::size_t used = head_.feed (bytes);
    const bool wrong = !head_.start_line ().empty () && !take_apart (head_.start_line ()).valid;
    switch (wrong ? HttpHead::State::malformed : head_.state ()) {
    case HttpHead::State::incomplete:
        return used;
    case HttpHead::State::malformed:
        refuse ("400 Bad Request", "This is no HTTP request.");
        break;
    case HttpHead::State::too_large:
        refuse ("431 Request Header Fields Too Large", "The request is too long.");
        break;
    case HttpHead::State::complete:
        judge ();
        break;
    }
    if (state_ != State::failed)
        return used;
    forgotten_ = bytes.size () - used;
    return bytes.size ();
}

void WebSocketAnswer::judge ()
{
    const RequestLine line = take_apart (head_.start_line ());
    if (line.protocol != "HTTP/1.1")
        return refuse ("505 HTTP Version Not Supported", "HTTP/1.1 is spoken here.");
    if (line.method != "GET")
        return refuse ("405 Method Not Allowed", "Only GET is understood.", "Allow: GET\r\n");
    if (head_.count ("host") != 1 || head_.count ("transfer-encoding") > 0 || head_.count ("content-length") > 1 ||
        (head_.count ("content-length") == 1 && head_.value ("content-length") != "0"))
        return refuse ("400 Bad Request", "The request has not one Host, is ambiguous, or has a body.");
    if (!head_.lists ("upgrade", "websocket") || !head_.lists ("connection", "upgrade"))
        return refuse ("426 Upgrade Required", "A ZeroMQ socket listens here, for WebSocket connections.",
                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (head_.count ("sec-websocket-version") != 1 || head_.value ("sec-websocket-version") != version)
        return refuse ("426 Upgrade Required", "Version 13 of the WebSocket protocol is spoken here.",
                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    const std::string_view key = head_.value ("sec-websocket-key");
    if (head_.count ("sec-websocket-key") != 1 || !is_base64_of (key, WebSocketRequest::key_size))
        return refuse ("400 Bad Request", "There is no valid Sec-WebSocket-Key.");
    for (const std::string_view protocol : head_.items ("sec-websocket-protocol"))
        if (choose (protocol))
            return accept (key, protocol);
    refuse ("400 Bad Request", "None of the sub-protocols asked for is spoken here: " + named (ours_) + " is.");
}

void WebSocketAnswer::accept (std::string_view key, std::string_view protocol)
{
    out_ = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    (out_ += "Sec-WebSocket-Accept: ") += accept_for (key);
    ((out_ += "\r\nSec-WebSocket-Protocol: ") += protocol) += "\r\n\r\n";
    state_ = State::agreed;
}

void WebSocketAnswer::refuse (std::string_view status, std::string_view reason, std::string_view fields)
{
    (out_ = "HTTP/1.1 ") += status;
    out_ += fields.find ("Upgrade:") == std::string_view::npos ? "\r\nConnection: close\r\n" : "\r\nConnection: Upgrade, close\r\n";
    out_ += fields;
    out_ += "Content-Type: text/plain\r\nContent-Length: " + std::to_string (reason.size () + 1) + "\r\n\r\n";
    if (!head_.start_line ().starts_with ("HEAD "))
        (out_ += reason) += '\n';
    state_ = State::failed;
}

}  // namespace engine
