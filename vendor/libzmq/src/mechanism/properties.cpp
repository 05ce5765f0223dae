// Writing and reading of handshake metadata, and ERROR; see properties.hpp.
#include "mechanism/properties.hpp"

#include <algorithm>

#include <zmq.h>

#include "pattern/socket_type.hpp"

namespace engine {

namespace {

char lower (char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char> (letter - 'A' + 'a') : letter; }

bool equal_names (std::string_view one, std::string_view other) noexcept
{
    return std::equal (one.begin (), one.end (), other.begin (), other.end (), [] (char a, char b) { return lower (a) == lower (b); });
}

std::string_view text_of (std::span<const std::uint8_t> bytes) noexcept
{
    return {reinterpret_cast<const char *> (bytes.data ()), bytes.size ()};
}

}  // namespace

void append_property (std::vector<std::uint8_t> &out, std::string_view name, std::string_view value)
{
    if (name.empty () || name.size () > 255 || value.size () > 0x7fffffff)
        return;
    out.push_back (static_cast<std::uint8_t> (name.size ()));
    out.insert (out.end (), name.begin (), name.end ());
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back (static_cast<std::uint8_t> (value.size () >> shift));
    out.insert (out.end (), value.begin (), value.end ());
}

void append_own_properties (std::vector<std::uint8_t> &out, const HandshakeConfig &config)
{
    const SocketType *type = find_socket_type (config.socket_type);
    if (type) {
        append_property (out, "Socket-Type", type->name);
        if (type->sends_identity)
            append_property (out, "Identity", config.routing_id);
    }
    for (const auto &[name, value] : config.metadata)
        append_property (out, name, std::string_view (value).substr (0, value.find ('\0')));
}

bool parse_properties (std::span<const std::uint8_t> bytes, Properties &out)
{
    while (!bytes.empty ()) {
        const std::size_t name_size = bytes[0];
        if (bytes.size () < 1 + name_size + 4)
            return false;
        const std::string_view name = text_of (bytes.subspan (1, name_size));
        bytes = bytes.subspan (1 + name_size);
        const std::uint32_t value_size = static_cast<std::uint32_t> (bytes[0]) << 24 | static_cast<std::uint32_t> (bytes[1]) << 16 |
                                         static_cast<std::uint32_t> (bytes[2]) << 8 | bytes[3];
        bytes = bytes.subspan (4);
        if (bytes.size () < value_size)
            return false;
        // Hostile metadata may hold very many properties: they are looked for only among the first ones, which suffices for ours.
        constexpr std::size_t most = 1024;
        if (out.size () < most && !find_property (out, name))
            out.emplace_back (name, text_of (bytes.first (value_size)));
        bytes = bytes.subspan (value_size);
    }
    return true;
}

const std::string *find_property (const Properties &properties, std::string_view name) noexcept
{
    for (const auto &[candidate, value] : properties)
        if (equal_names (candidate, name))
            return &value;
    return nullptr;
}

bool acceptable_peer (int socket_type, const Properties &properties) noexcept
{
    const std::string *peer = find_property (properties, "Socket-Type");
    if (!peer)
        return true;
    const SocketType *const own = find_socket_type (socket_type);
    return own && own->accepts_peer (*peer);
}

HandshakeFailure failure_of_error_command (std::span<const std::uint8_t> content) noexcept
{
    if (content.empty () || content[0] > content.size () - 1)
        return {ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR, true};
    const std::string_view reason = text_of (content.subspan (1, content[0]));
    for (const int status : {300, 400, 500})
        if (reason == std::to_string (status))
            return {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, status, true};
    return {0, 0, true};
}

bool is_command (std::span<const std::uint8_t> body, std::string_view command_string) noexcept
{
    return text_of (body).starts_with (command_string);
}

}  // namespace engine
