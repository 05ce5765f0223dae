// Asks the application's ZAP handler (RFC 27), a socket of the same context bound to inproc://zeromq.zap.01, about one peer.
//
// It is a pattern of its own that lives under the strand of the socket that asks, with a pipe of its own: the reactor reads the reply, so
// that no thread of the application need make a call. All functions want the strand held; none blocks.
#pragma once

#include <string>
#include <vector>

#include "io/zap_inquiry.hpp"
#include "pattern/pattern.hpp"

namespace engine {

class Socket;

class ZapClient final : public ZapInquiry, public PatternHost, public Pattern
{
  public:
    static constexpr const char *endpoint = "inproc://zeromq.zap.01";

    ZapClient (Socket &socket, ZapAsker &asker) noexcept : Pattern (static_cast<PatternHost &> (*this)), socket_ (socket), asker_ (&asker)
    {}

    // ---- ZapInquiry ----
    bool ask (const std::vector<std::string> &request) override;
    void cancel () noexcept override;
    void look () noexcept override;

    // ---- PatternHost ----
    void count_dropped (Drop) noexcept override {}
    std::uint32_t random () noexcept override { return 1; }
    const char *own_routing_id (std::size_t &size) const noexcept override;

    // ---- Pattern ----
    void attach (Pipe &pipe) override;
    void detach (Pipe &pipe) noexcept override;
    void read_activated (Pipe &pipe) override;
    void write_activated (Pipe &) override {}
    int send (Msg &) override;
    int recv (Msg &) override;
    bool has_in () override { return false; }
    bool has_out () override { return false; }

  private:
    void decide (ZapVerdict verdict) noexcept;

    Socket &socket_;
    ZapAsker *asker_;  // null: has its verdict, or wants none
    Pipe *pipe_ = nullptr;
    std::vector<std::string> reply_;
};

}  // namespace engine
