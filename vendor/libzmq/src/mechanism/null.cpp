// NULL (RFC 37): no security. Each side sends READY with its metadata at once and waits for the other's.
#include "mechanism/null.hpp"

#include <zmq.h>

#include "mechanism/properties.hpp"

namespace engine {

namespace {

constexpr std::string_view ready_command ("\x05READY", 6);
constexpr std::string_view error_command ("\x05"
                                          "ERROR",
                                          6);

class NullMechanism final : public Mechanism
{
  public:
    explicit NullMechanism (const HandshakeConfig &config) : socket_type_ (config.socket_type)
    {
        ready_.assign (ready_command.begin (), ready_command.end ());
        append_own_properties (ready_, config);
    }

    bool next_command (std::vector<std::uint8_t> &body) override
    {
        if (ready_sent_ || status_ == Status::failed)
            return false;
        body.insert (body.end (), ready_.begin (), ready_.end ());
        ready_ = {};
        ready_sent_ = true;
        settle ();
        return true;
    }

    void process_command (std::span<const std::uint8_t> body) override
    {
        if (status_ == Status::failed)
            return;
        if (is_command (body, error_command) && !ready_received_)
            return fail (failure_of_error_command (body));
        if (!is_command (body, ready_command) || ready_received_)
            return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND, true});
        if (!parse_properties (body.subspan (ready_command.size ()), properties_) || !acceptable_peer (socket_type_, properties_))
            return fail ({0, 0, true});
        ready_received_ = true;
        settle ();
    }

    Status status () const noexcept override { return status_; }
    const HandshakeFailure &failure () const noexcept override { return failure_; }
    const Properties &peer_properties () const noexcept override { return properties_; }

  private:
    void settle () noexcept
    {
        if (ready_sent_ && ready_received_)
            status_ = Status::ready;
    }
    void fail (HandshakeFailure failure) noexcept
    {
        failure_ = failure;
        status_ = Status::failed;
    }

    int socket_type_;
    std::vector<std::uint8_t> ready_;
    bool ready_sent_ = false;
    bool ready_received_ = false;
    Status status_ = Status::handshaking;
    HandshakeFailure failure_;
    Properties properties_;
};

}  // namespace

std::unique_ptr<Mechanism> make_null (const HandshakeConfig &config) { return std::make_unique<NullMechanism> (config); }

}  // namespace engine
