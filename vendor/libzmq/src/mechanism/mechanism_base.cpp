#include "mechanism/mechanism_base.hpp"

#include <cerrno>

#include <zmq.h>

namespace engine {

MechanismBase::~MechanismBase ()
{
    wipe (config_.plain_password.data (), config_.plain_password.size ());
    for (std::string &credential : credentials_)
        wipe (credential.data (), credential.size ());
}

void MechanismBase::fail_protocol (int code) noexcept { fail ({ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, code, true}); }

void MechanismBase::ask_zap (std::vector<std::string> credentials, Unasked unasked)
{
    credentials_ = std::move (credentials);
    unasked_ = unasked;
    status_ = Status::waiting;
}

void MechanismBase::decide (ZapVerdict verdict)
{
    using Outcome = ZapVerdict::Outcome;
    if (status_ != Status::waiting)
        return;
    // What is wrong here is ours, not the peer's: a connecting side may find it mended another time.
    constexpr bool protocol = false;
    switch (verdict.outcome) {
    case Outcome::no_handler:
        if (unasked_ == Unasked::sent_away)
            return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, EFAULT, protocol});
        break;
    case Outcome::no_memory:
        return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, protocol});
    case Outcome::malformed:
        return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, verdict.value, protocol});
    case Outcome::refused:
        failure_ = {ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, verdict.value, protocol};
        status_ = Status::refused;
        // 300 is no final answer: the peer hears nothing, and tries again.
        error_due_ = verdict.value != 300;
        return;
    case Outcome::allowed:
        zap_ = std::move (verdict.properties);
        break;
    }
    status_ = Status::handshaking;
    admitted ();
}

bool MechanismBase::next_error (std::vector<std::uint8_t> &body, std::string_view command)
{
    if (status_ != Status::refused || !error_due_)
        return false;
    error_due_ = false;
    const std::string reason = std::to_string (failure_.value);
    const std::string text = std::string (command) + static_cast<char> (reason.size ()) + reason;
    body.insert (body.end (), text.begin (), text.end ());
    return true;
}

}  // namespace engine
