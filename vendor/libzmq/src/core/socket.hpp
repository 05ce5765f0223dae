// A socket: its pattern, its pipes, its endpoints, and what carries them. Everything here is guarded by the strand that owns it;
// every function wants that held (a SocketGuard), and none blocks.
//
// core/wait.hpp makes blocking calls of it, api/ the C functions. Patterns decide about messages, io/ about connections; the socket
// introduces them to each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <zmq.h>
#include <zmq_ext.h>

#include "core/inproc.hpp"
#include "io/host.hpp"
#include "io/network_pipe.hpp"
#include "io/zap_inquiry.hpp"
#include "pattern/pattern.hpp"
#include "pattern/socket_type.hpp"
#include "transport/datagram_transport.hpp"
#include "transport/transport.hpp"

namespace engine {

class Context;
class Monitor;
class Resolver;

class Socket final : public StreamHost, public PatternHost
{
  public:
    Socket (Context &context, Strand &strand, const SocketType &type);
    ~Socket () override;

    // ---- facts ----
    Context &context () const noexcept { return context_; }
    Pattern &pattern () noexcept { return *pattern_; }
    bool raw () const noexcept override { return type_.raw || pattern_->raw (); }
    bool subscribes () const noexcept { return type_.subscribes; }
    bool terminated () const noexcept;

    // ---- messages ----
    // 0, or the pattern's errno; EAGAIN: would block, nothing has changed.
    int try_send (Msg &frame) noexcept;
    int try_recv (Msg &frame) noexcept;
    // ZMQ_FD: made when it is first asked for. -1 with errno.
    int export_fd () noexcept;
    // ZMQ_POLLIN, ZMQ_POLLOUT of what is known now.
    int events () noexcept;
    // Which of `wanted` it is ready for, after input and output were done as far as that is needed to tell.
    int ready_now (int wanted) noexcept;
    // Input and output that wait for us: news from inproc peers, and what the kernel has.
    void run_mailbox () noexcept override;
    void poll_input () noexcept;
    bool receiving_more () const noexcept { return receiving_more_; }
    // No inproc peer gets the message, and somebody is there to take it: see LargeSends.
    bool may_send_direct () const noexcept { return inproc_pipes_.empty () && attendance_.count () > 0; }

    // ---- options ----
    int set_option (int option, const void *value, std::size_t size) noexcept;
    int get_option (int option, void *value, std::size_t *size) noexcept;
    int peer_state (const void *id, std::size_t size, int &events) noexcept { return pattern_->peer_state (id, size, events); }

    // ---- endpoints: 0 or errno ----
    int bind_inproc (const std::string &endpoint);
    int connect_inproc (const std::string &endpoint);
    // A pipe of the engine's own, for the pattern given, to a socket of this context that is bound to the name and answers requests, served
    // by the reactor. False: there is none. May throw std::bad_alloc.
    bool connect_to_handler (const std::string &endpoint, Pattern &pattern);
    int use_reactor () noexcept;  // EMTHREAD, or why none could be started
    // The options as an endpoint keeps them.
    std::shared_ptr<Options> snapshot () const;
    // Takes over the descriptor, whatever it returns.
    int add_listener (const Transport &transport, Listening &&listening, std::shared_ptr<const Options> snapshot) noexcept;
    // `prepared`: the endpoint's options, if its transport has prepared them.
    int connect_stream (const Transport &transport, const std::string &endpoint, const std::string &address,
                        std::shared_ptr<const Options> prepared = nullptr);
    // Takes over the port, whatever it returns.
    int add_datagrams (const DatagramTransport &transport, DatagramPort &&port, std::shared_ptr<const Options> snapshot) noexcept;
    // Ends all bindings and connections of that name; ENOENT.
    int end_endpoint (const std::string &endpoint, const std::string &canonical);
    // True once the engine has given up connecting (RECONNECT_IVL -1, RECONNECT_STOP, a protocol error) and no other endpoint is left that
    // could ever bring a peer: only the application can change that.
    bool unreachable () const noexcept;
    void emit_bind_failed (int error, const std::string &endpoint) noexcept;

    // ---- monitors: one of zmq.h's, any number of zmq_ext.h's; 0 or errno ----
    int start_monitor (const std::string &endpoint, std::uint64_t events, int version, int type);
    void stop_monitor () noexcept;                            // zmq.h's
    int stop_monitor (const std::string &endpoint) noexcept;  // one of zmq_ext.h's
    int report_pipes () noexcept;
    void emit (int event, std::uint64_t value, const Endpoint &endpoint) noexcept override;

    // ---- StreamHost ----
    Resolver &resolver () override;
    std::unique_ptr<ZapInquiry> zap_inquiry (ZapAsker &asker) override;
    bool stream_ready (Stream &stream) noexcept override;
    void stream_lost (Stream &stream, bool protocol, bool in_handshake, bool reached_greeting) noexcept override;
    void stream_finished (Stream &stream) noexcept override;
    void connector_abandoned (Connector &connector) noexcept override;
    void endpoint_ended (Connector &connector) noexcept override;
    std::string_view id_of (const NetworkPipe &pipe) const noexcept override;
    void detach (NetworkPipe &pipe) noexcept override;
    using StreamHost::request_reap;
    void request_reap (InprocPipe &pipe) noexcept
    {
        inproc_pipes_to_reap_.add (pipe);
        something_to_reap_ = true;
    }

    // ---- life ----
    // zmq_close. What is queued goes out as ZMQ_LINGER allows.
    void close () noexcept;
    bool leave (bool by_application) noexcept override;
    GuardedOwner &owner () noexcept override;
    Disposer *disposer (bool ending) noexcept override;

    // ---- PatternHost ----
    void count_dropped (Drop cause) noexcept override
    {
        switch (cause) {
        case Drop::full:
            stats.dropped_full++;
            break;
        case Drop::unroutable:
            stats.dropped_unroutable++;
            break;
        case Drop::lost:
            stats.dropped_lost++;
            break;
        case Drop::memory:
            stats.dropped_memory++;
            break;
        }
    }
    std::uint32_t random () noexcept override;
    const char *own_routing_id (std::size_t &size) const noexcept override;

    // ---- facts for zmq_ext.h ----
    void fill_stats (zmq_ext_stats_t &out) const noexcept;
    std::vector<zmq_ext_peer_t> peers () const;
    void fill_socket (zmq_ext_socket_t &out) const noexcept;
    std::size_t peers_up () const noexcept;
    bool anything_unsent () const noexcept;

  private:
    struct InprocBinding
    {
        std::string endpoint;
        std::uint64_t id;
    };

    void attach_inproc (InprocChannel *channel, int side, Pattern &pattern, const std::string &endpoint, std::uint64_t binding,
                        bool for_engine);
    void process_command (const Command &command) noexcept;
    void peer_active (InprocPipe &pipe) noexcept;
    void refuse_channel (InprocChannel *channel) noexcept;
    void attach_waiting (const std::vector<InprocChannel *> &waiting, Pattern &pattern, const std::string &endpoint, std::uint64_t binding,
                         bool for_engine) noexcept;
    template <class Say>
    void tell_monitors (int event, std::uint64_t value, Say &&say) noexcept;
    void emit_local (int event, std::uint64_t value, const std::string &endpoint) noexcept;
    Monitor *monitor_of (const Pattern &pattern) const noexcept;
    Monitor *monitor_bound (std::uint64_t binding) const noexcept;
    void stop (Monitor &monitor) noexcept;
    NetworkPipe *make_pipe ();
    NetworkPipe *attach_pipe ();
    int attach_datagrams (DatagramEndpoint &datagrams, bool grouped) noexcept;
    NetworkPipe *replace_pipe (Connector &connector);
    bool conflate () const noexcept { return options.conflate && type_.conflatable; }
    void greet (NetworkPipe &pipe, Stream &stream) noexcept;
    // What a call has left to be done; errno, which is the call's, stays.
    [[gnu::noinline]] void tidy_up () noexcept;
    void reap () noexcept override;
    void reap (NetworkPipe &pipe) noexcept;
    void reap (InprocPipe &pipe) noexcept;
    void finish_pipe (NetworkPipe &pipe) noexcept;
    void destroy_pipe (NetworkPipe &pipe) noexcept;
    void destroy_pipe (InprocPipe &pipe) noexcept;
    void limits_changed () noexcept;
    // The application has named an endpoint.
    void expect_peers () noexcept
    {
        gave_up_ = false;
        pattern_->lose_next (false);
    }

    Context &context_;
    std::uint64_t random_state_;  // before the pattern, which asks for random numbers when it is made
    std::unique_ptr<Pattern> pattern_;

    std::vector<std::unique_ptr<InprocPipe>> inproc_pipes_;
    std::vector<InprocBinding> inproc_bindings_;
    std::vector<std::string> finished_endpoints_;  // whose connection the application has ended: disconnect may follow
    std::vector<std::unique_ptr<Monitor>> monitors_;

    // Left for the end of the call.
    List<InprocPipe> inproc_pipes_to_reap_;
    std::vector<Command> commands_;
    bool reaping_ = false;

    bool gave_up_ = false;  // on an endpoint, since the application named the last one
    bool receiving_more_ = false;
};

}  // namespace engine
