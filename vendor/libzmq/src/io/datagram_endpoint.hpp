// One endpoint of a datagram transport: a port that was bound, or one that everything goes to a single address from. There is nobody to
// shake hands with and nothing to lose: it is up from the beginning to its end, and no error of the system ends it.
//
// A datagram is sent at once, or waits in the pipe until the kernel has room. What cannot be a datagram (too long, no address) or is
// refused by the system is dropped and counted; so is what comes and is not what it claims to be. All functions want the strand held;
// none blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <sys/uio.h>

#include "io/attended.hpp"
#include "message/msg.hpp"
#include "pattern/socket_type.hpp"
#include "platform/datagrams.hpp"
#include "transport/datagram_transport.hpp"

namespace engine {

class NetworkPipe;

class DatagramEndpoint final : public Attended
{
  public:
    // Takes over the descriptor.
    DatagramEndpoint (StreamHost &socket, const DatagramTransport &transport, DatagramPort &&port, DatagramForm form,
                      std::shared_ptr<const Options> options);
    ~DatagramEndpoint () override;

    // 0 or errno. From now on it serves the pipe.
    int start (NetworkPipe &pipe) noexcept;
    // Sends what the pipe holds, as far as the kernel takes it. True if anything was sent.
    bool flush () noexcept;
    // As flush(), on behalf of the application thread, and not while the kernel is known to take nothing.
    bool flush_inline () noexcept;
    // Its pipe has gone.
    void close () noexcept;

    bool bound () const noexcept { return port_.target.size == 0; }
    bool ending () const noexcept { return ending_; }
    bool output_pending () const noexcept;
    std::string peer_address () const { return bound () ? std::string () : transport_.peer_text (port_.target); }

    // ---- Endpoint ----
    // What it brought stays readable.
    void end (int linger) noexcept override;
    const std::string &endpoint () const noexcept override { return port_.endpoint; }
    std::string local_endpoint () const override { return bound () ? port_.endpoint : std::string (); }
    std::string remote_endpoint () const override { return bound () ? std::string () : port_.endpoint; }

    // ---- Attended ----
    int fd () const noexcept override { return port_.fd; }
    std::uint32_t interest () const noexcept override;
    bool output_waits () const noexcept override { return blocked_; }
    bool has_room () const noexcept override;
    void serve (std::uint32_t events) noexcept override;
    void try_all () noexcept override;
    void resume () noexcept override { pull (); }
    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override {}

  private:
    // A datagram as it goes out.
    struct Outgoing
    {
        Msg body;
        std::uint8_t group_size = 0;
        SocketAddress to;
        std::array<iovec, 3> parts{};
    };

    void pull () noexcept;
    void take (const IncomingDatagram &datagram, const SocketAddress &from) noexcept;
    bool take_grouped (const std::uint8_t *bytes, std::size_t size) noexcept;
    bool take_addressed (const std::uint8_t *bytes, std::size_t size, const SocketAddress &from) noexcept;
    bool next (Outgoing &out) noexcept;
    bool next_grouped (Outgoing &out) noexcept;
    bool next_addressed (Outgoing &out) noexcept;
    void send_some () noexcept;
    void sent (int count) noexcept;
    void keep_unsent () noexcept;
    void finish () noexcept;

    const DatagramTransport &transport_;
    DatagramPort port_;
    const DatagramForm form_;
    NetworkPipe *pipe_ = nullptr;
    int family_ = 0;
    bool reading_ = false;
    bool paused_ = false;   // the pipe is full: nothing is read
    bool blocked_ = false;  // the kernel took no more: wait for writable
    bool ending_ = false;   // only what was queued is still sent
    bool wrote_ = false;    // by this flush
    std::array<Outgoing, most_datagrams> outgoing_;
    int outgoing_count_ = 0;                   // taken from the pipe and not sent
    std::unique_ptr<std::uint8_t[]> buffers_;  // most_datagrams of the longest
};

}  // namespace engine
