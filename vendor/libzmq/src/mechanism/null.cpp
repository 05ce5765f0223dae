// NULL (RFC 37): no security. Each side sends READY with its metadata at once and waits for the other's. A side with a ZAP domain asks
// first whether the peer's address may come in.
#include "mechanism/null.hpp"

#include <zmq.h>

#include "mechanism/mechanism_base.hpp"

namespace engine {

namespace {

class NullMechanism final : public MechanismBase
{
  public:
    explicit NullMechanism (const HandshakeConfig &config) : MechanismBase (config, "NULL")
    {
        if (!config.zap_domain.empty ())
            ask_zap ({}, config.zap_enforce_domain ? Unasked::sent_away : Unasked::let_in);
    }

    bool next_command (std::vector<std::uint8_t> &body) override
    {
        if (status () == Status::refused)
            return next_error (body);
        if (ready_sent_ || status () != Status::handshaking)
            return false;
        body.insert (body.end (), ready_command.begin (), ready_command.end ());
        append_own_properties (body, config_);
        ready_sent_ = true;
        settle ();
        return true;
    }

    void process_command (std::span<const std::uint8_t> body) override
    {
        if (status () != Status::handshaking)
            return;
        if (is_command (body, error_command) && !ready_received_)
            return fail (failure_of_error_command (body.subspan (error_command.size ())));
        if (!is_command (body, ready_command) || ready_received_)
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        if (!take_properties (body.subspan (ready_command.size ())))
            return fail_silently ();
        ready_received_ = true;
        settle ();
    }

  private:
    void admitted () override {}
    void settle () noexcept
    {
        if (ready_sent_ && ready_received_)
            set_ready ();
    }

    bool ready_sent_ = false;
    bool ready_received_ = false;
};

}  // namespace

std::unique_ptr<Mechanism> make_null (const HandshakeConfig &config) { return std::make_unique<NullMechanism> (config); }

}  // namespace engine
