// The table of mechanisms, and what they share: metadata.
#include "mechanism/mechanism.hpp"

#include <cerrno>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "mechanism/properties.hpp"

using namespace engine;
using namespace std::string_literals;

namespace {

std::span<const std::uint8_t> bytes_of (const std::string &text)
{
    return {reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()};
}

}  // namespace

TEST_CASE ("every row of the table opens")
{
    std::set<int> numbers;
    for (const MechanismRow &row : mechanism_table ()) {
        CHECK (numbers.insert (row.number).second);
        CHECK (find_mechanism (row.number) == &row);
        CHECK (std::string (row.name).size () <= 20);
        HandshakeConfig config;
        config.socket_type = ZMQ_PAIR;
        config.as_server = true;
        const auto mechanism = row.make (config);
        REQUIRE (mechanism);
        CHECK (mechanism->status () == Mechanism::Status::handshaking);
        CHECK (mechanism->peer_properties ().empty ());
    }
    CHECK (find_mechanism (ZMQ_NULL));
    CHECK (find_mechanism (-1) == nullptr);
}

TEST_CASE ("NULL: ready once READY went both ways, in either order")
{
    HandshakeConfig config;
    config.socket_type = ZMQ_REQ;
    config.routing_id = "id";
    for (const bool send_first : {true, false}) {
        const auto mechanism = find_mechanism (ZMQ_NULL)->make (config);
        std::vector<std::uint8_t> sent;
        const auto receive = [&] { mechanism->process_command (bytes_of ("\5READY\x0bSocket-Type\0\0\0\3REP"s)); };
        if (send_first)
            CHECK (mechanism->next_command (sent));
        else
            receive ();
        CHECK (mechanism->status () == Mechanism::Status::handshaking);
        if (send_first)
            receive ();
        else
            CHECK (mechanism->next_command (sent));
        CHECK (mechanism->status () == Mechanism::Status::ready);
        CHECK_FALSE (mechanism->next_command (sent));
        CHECK (mechanism->take_cipher () == nullptr);
        CHECK (std::string (sent.begin (), sent.end ()) == "\5READY\x0bSocket-Type\0\0\0\3REQ\x08Identity\0\0\0\2id"s);
        CHECK (mechanism->peer_properties () == Properties{{"Socket-Type", "REP"}});
    }
}

TEST_CASE ("NULL: a second command before ours is out is unexpected")
{
    HandshakeConfig config;
    config.socket_type = ZMQ_PAIR;
    for (const std::string &second : {"\5READY"s, "\5ERROR\3"
                                                  "400"s})
    {
        const auto mechanism = find_mechanism (ZMQ_NULL)->make (config);
        mechanism->process_command (bytes_of ("\5READY"));
        CHECK (mechanism->status () == Mechanism::Status::handshaking);
        mechanism->process_command (bytes_of (second));
        CHECK (mechanism->status () == Mechanism::Status::failed);
        CHECK (mechanism->failure ().value == ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        std::vector<std::uint8_t> sent;
        CHECK_FALSE (mechanism->next_command (sent));
        mechanism->process_command (bytes_of ("\5READY"));
        CHECK (mechanism->status () == Mechanism::Status::failed);
    }
}

TEST_CASE ("properties: what is written is read, first of equal names")
{
    std::vector<std::uint8_t> bytes;
    append_property (bytes, "One", "1");
    append_property (bytes, "Two", std::string (700, '2'));
    append_property (bytes, "", "no name");
    append_property (bytes, std::string (256, 'n'), "name too long");
    append_property (bytes, "ONE", "again");
    append_property (bytes, std::string (255, 'n'), "");
    Properties properties;
    REQUIRE (parse_properties (bytes, properties));
    CHECK (properties == Properties{{"One", "1"}, {"Two", std::string (700, '2')}, {std::string (255, 'n'), ""}});
    CHECK (*find_property (properties, "oNE") == "1");
    CHECK (find_property (properties, "Three") == nullptr);
    // Cut anywhere but between properties it is malformed.
    std::size_t good = 0;
    for (std::size_t size = 0; size <= bytes.size (); ++size) {
        Properties some;
        good += parse_properties (std::span (bytes).first (size), some);
    }
    CHECK (good == 5);
}

TEST_CASE ("very many properties are read in bounded time")
{
    std::vector<std::uint8_t> bytes;
    for (int at = 0; at < 100000; ++at)
        append_property (bytes, "X-" + std::to_string (at), "");
    Properties properties;
    CHECK (parse_properties (bytes, properties));
    CHECK (properties.size () == 1024);
}
