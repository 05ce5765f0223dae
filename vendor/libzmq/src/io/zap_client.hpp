// Asks the application's ZAP handler (RFC 27), a socket of the same context bound to inproc://zeromq.zap.01, about one peer.
//
// It is a pattern of its own that lives under the strand of the socket that asks, with a pipe of its own: the reactor reads the reply, so
// that no thread of the application need make a call. All functions want the strand held; none blocks.
#pragma once

#include <string>
#include <vector>

#include "mechanism/zap.hpp"
#include "pattern/pattern.hpp"

namespace engine {

class Socket;

class ZapClient final : public PatternHost, public Pattern
{
  public:
    static constexpr const char *endpoint = "inproc://zeromq.zap.01";

    // Called once, unless cancelled before; may end the asker.
    class Asker
    {
      public:
        virtual void decided (ZapVerdict verdict) noexcept = 0;

      protected:
        ~Asker () = default;
    };

    explicit ZapClient (Asker &asker) noexcept : Pattern (static_cast<PatternHost &> (*this)), asker_ (&asker) {}

    // False: there is no handler, and no verdict will come. May throw std::bad_alloc.
    bool ask (Socket &socket, const std::vector<std::string> &request);
    // No verdict is wanted any more. The client must stay until the socket has swept its pipes.
    void cancel () noexcept;
    // Reads what has come, for when nobody tells (the socket was closed).
    void look () noexcept;

    // ---- PatternHost ----
    void count_dropped () noexcept override {}
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

    Asker *asker_;  // null: has its verdict, or wants none
    Pipe *pipe_ = nullptr;
    std::vector<std::string> reply_;
};

}  // namespace engine
