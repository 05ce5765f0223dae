// PLAIN (RFC 24): the client sends a name and a password in clear, ZAP's handler says whether they are good. Nothing is encrypted.
//
// HELLO, WELCOME, INITIATE with the client's metadata, READY with the server's. Who is the server is an option, whoever binds.
#include "mechanism/plain.hpp"

#include <cerrno>
#include <optional>

#include <zmq.h>

#include "mechanism/mechanism_base.hpp"

namespace engine {

namespace {

// How libzmq spells ERROR here, and understands it only so; as a client we know the RFC's spelling too.
constexpr std::string_view misspelt_error_command ("\x5eRROR", 5);

void append (std::vector<std::uint8_t> &body, std::string_view text) { body.insert (body.end (), text.begin (), text.end ()); }

class PlainServer final : public MechanismBase
{
  public:
    explicit PlainServer (const HandshakeConfig &config) : MechanismBase (config, "PLAIN")
    {
        // Passwords are for the handler to judge, and nobody may be asked for no domain.
        if (config.zap_enforce_domain && config.zap_domain.empty ())
            fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EFAULT, false});
    }

    bool next_command (std::vector<std::uint8_t> &body) override
    {
        if (status () == Status::refused)
            return next_error (body, misspelt_error_command);
        if (status () != Status::handshaking)
            return false;
        if (stage_ == Stage::welcome) {
            append (body, welcome_command);
            stage_ = Stage::expect_initiate;
            return true;
        }
        if (stage_ == Stage::ready) {
            append (body, ready_command);
            append_own_properties (body, config_);
            set_ready ();
            return true;
        }
        return false;
    }

    void process_command (std::span<const std::uint8_t> body) override
    {
        if (status () != Status::handshaking)
            return;
        if (!has_command_string (body))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
        switch (stage_) {
        case Stage::expect_hello:
            return process_hello (body);
        case Stage::expect_initiate:
            return process_initiate (body);
        case Stage::welcome:
        case Stage::ready:
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        }
    }

    std::size_t command_limit () const noexcept override { return stage_ == Stage::expect_hello ? most_without : most_metadata; }

  private:
    enum class Stage
    {
        expect_hello,
        welcome,
        expect_initiate,
        ready
    };

    void process_hello (std::span<const std::uint8_t> body)
    {
        if (!is_command (body, hello_command))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        std::span<const std::uint8_t> rest = body.subspan (hello_command.size ());
        const auto name = take_text (rest);
        const auto password = take_text (rest);
        if (!name || !password || !rest.empty ())
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO);
        ask_zap ({*name, *password}, Unasked::sent_away);
    }

    void process_initiate (std::span<const std::uint8_t> body)
    {
        if (!is_command (body, initiate_command))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        if (!take_properties (body.subspan (initiate_command.size ())))
            return fail_silently ();
        stage_ = Stage::ready;
    }

    // A length byte and as many characters.
    static std::optional<std::string> take_text (std::span<const std::uint8_t> &rest)
    {
        if (rest.empty () || rest.size () < 1u + rest[0])
            return std::nullopt;
        const auto text = rest.subspan (1, rest[0]);
        rest = rest.subspan (1 + text.size ());
        return std::string (text.begin (), text.end ());
    }

    void admitted () override { stage_ = Stage::welcome; }

    Stage stage_ = Stage::expect_hello;
};

class PlainClient final : public MechanismBase
{
  public:
    explicit PlainClient (const HandshakeConfig &config) : MechanismBase (config, "PLAIN") {}

    bool next_command (std::vector<std::uint8_t> &body) override
    {
        if (status () != Status::handshaking)
            return false;
        if (stage_ == Stage::hello) {
            append (body, hello_command);
            for (const std::string &text : {config_.plain_username, config_.plain_password}) {
                body.push_back (static_cast<std::uint8_t> (text.size ()));
                append (body, text);
            }
            stage_ = Stage::expect_welcome;
            return true;
        }
        if (stage_ == Stage::initiate) {
            append (body, initiate_command);
            append_own_properties (body, config_);
            stage_ = Stage::expect_ready;
            return true;
        }
        return false;
    }

    void process_command (std::span<const std::uint8_t> body) override
    {
        if (status () != Status::handshaking)
            return;
        const bool expects = stage_ == Stage::expect_welcome || stage_ == Stage::expect_ready;
        for (const std::string_view error : {misspelt_error_command, error_command})
            if (expects && is_command (body, error))
                return fail (failure_of_error_command (body.subspan (error.size ())));
        if (stage_ == Stage::expect_welcome && is_command (body, welcome_command)) {
            if (body.size () != welcome_command.size ())
                return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME);
            stage_ = Stage::initiate;
            return;
        }
        if (stage_ == Stage::expect_ready && is_command (body, ready_command)) {
            if (!take_properties (body.subspan (ready_command.size ())))
                return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
            return set_ready ();
        }
        fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    }

    std::size_t command_limit () const noexcept override { return stage_ == Stage::expect_ready ? most_metadata : most_without; }

  private:
    enum class Stage
    {
        hello,
        expect_welcome,
        initiate,
        expect_ready
    };

    void admitted () override {}

    Stage stage_ = Stage::hello;
};

}  // namespace

std::unique_ptr<Mechanism> make_plain (const HandshakeConfig &config)
{
    if (config.as_server)
        return std::make_unique<PlainServer> (config);
    return std::make_unique<PlainClient> (config);
}

}  // namespace engine
