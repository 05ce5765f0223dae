// What every mechanism has: where it stands, why it failed, the peer's properties, and the question to ZAP (RFC 27) with what follows
// from each answer. A mechanism says when to ask, and goes on in admitted().
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mechanism/mechanism.hpp"

namespace engine {

class MechanismBase : public Mechanism
{
  public:
    Status status () const noexcept final { return status_; }
    const HandshakeFailure &failure () const noexcept final { return failure_; }
    const Properties &peer_properties () const noexcept final { return peer_; }
    const Properties &zap_properties () const noexcept final { return zap_; }
    std::vector<std::string> zap_request () const final { return engine::zap_request (config_, name_, credentials_); }
    void decide (ZapVerdict verdict) final;
    std::size_t command_limit () const noexcept override { return most_metadata; }

  protected:
    // Of a command with metadata, in which applications have their properties too; and of one without, which is far shorter if it is right.
    static constexpr std::size_t most_metadata = 64u << 10;
    static constexpr std::size_t most_without = 4u << 10;

    MechanismBase (const HandshakeConfig &config, const char *name) : config_ (config), name_ (name) {}
    ~MechanismBase () override;

    // What becomes of a peer when nobody is there to be asked.
    enum class Unasked
    {
        let_in,
        sent_away
    };
    void ask_zap (std::vector<std::string> credentials, Unasked unasked);
    // The peer may come in. With status handshaking.
    virtual void admitted () = 0;

    // ---- commands ----
    // ERROR with the status of a refusal, once.
    bool next_error (std::vector<std::uint8_t> &body, std::string_view command = error_command);
    // Takes the peer's metadata. False: malformed, or of a type that ours does not talk to.
    bool take_properties (std::span<const std::uint8_t> bytes)
    {
        return parse_properties (bytes, peer_) && acceptable_peer (config_.socket_type, peer_);
    }

    void set_ready () noexcept { status_ = Status::ready; }
    void fail (HandshakeFailure failure) noexcept
    {
        failure_ = failure;
        status_ = Status::failed;
    }
    void fail_protocol (int code) noexcept;
    // For what has no event of its own.
    void fail_silently () noexcept { fail ({0, 0, true}); }

    HandshakeConfig config_;

  private:
    const char *name_;
    Status status_ = Status::handshaking;
    HandshakeFailure failure_;
    Properties peer_;
    Properties zap_;
    std::vector<std::string> credentials_;
    Unasked unasked_ = Unasked::sent_away;
    bool error_due_ = false;
};

}  // namespace engine
