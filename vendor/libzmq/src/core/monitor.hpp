// zmq_socket_monitor and zmq_ext_socket_monitor: tells the application, over an inproc name, what happens to a socket's connections.
//
// It is no socket of its own but a PAIR, PUB or PUSH pattern that lives under the monitored socket's strand. Nobody ever waits for its
// reader: events that find no room are kept up to a bound, then dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/endpoint.hpp"
#include "pattern/pattern.hpp"
#include "pattern/socket_type.hpp"

namespace engine {

class Socket;

class Monitor final : public PatternHost
{
  public:
    static constexpr std::size_t most_kept = 10000;  // events
    static constexpr int extended = 3;               // the version that is zmq_ext.h's

    struct News
    {
        std::uint64_t event = 0, value = 0;
        std::string name, local, remote;  // name: the endpoint's, for version 1
        PeerFacts peer;
    };

    Monitor (const SocketType &type, std::string endpoint, std::uint64_t binding, std::uint64_t events, int version);

    bool wants (std::uint64_t event) const noexcept { return (events_ & event) != 0; }
    // Sends it, if it is wanted, in the version's form.
    void tell (const News &news, const Socket &socket) noexcept;
    void send (std::uint64_t event, const std::vector<std::uint64_t> &values, const std::string &local, const std::string &remote);
    // Sends what was kept, as far as there is room.
    void flush () noexcept;

    Pattern &pattern () noexcept { return *pattern_; }
    const std::string &endpoint () const noexcept { return endpoint_; }
    std::uint64_t binding () const noexcept { return binding_; }
    int version () const noexcept { return version_; }

    void count_dropped (Drop) noexcept override {}
    std::uint32_t random () noexcept override { return 1; }
    const char *own_routing_id (std::size_t &size) const noexcept override
    {
        size = 0;
        return "";
    }

  private:
    using Frames = std::vector<std::string>;
    static Frames extended_frames (const News &news, const Socket &socket);
    void put_or_keep (Frames &&frames);
    bool put (const Frames &frames) noexcept;

    std::unique_ptr<Pattern> pattern_;
    const std::string endpoint_;
    const std::uint64_t binding_;
    const std::uint64_t events_;
    const int version_;
    const bool keeps_;  // PAIR and PUSH; PUB drops what nobody has asked for
    std::deque<Frames> kept_;
};

}  // namespace engine
