// The socket's inproc endpoints: binding, connecting, and the news that come of peers in other threads.
#include <cerrno>
#include <new>

#include "base/make_room.hpp"
#include "core/context.hpp"
#include "core/monitor.hpp"
#include "core/socket.hpp"
#include "core/zap_client.hpp"
#include "io/reactor.hpp"
#include "strand/strand.hpp"

namespace engine {

void Socket::attach_inproc (InprocChannel *channel, int side, Pattern &pattern, const std::string &endpoint, std::uint64_t binding,
                            bool for_engine)
{
    make_room (inproc_pipes_, inproc_pipes_.size () + 1);
    auto pipe = std::make_unique<InprocPipe> (*this, pattern, channel, side);
    channel->acquire ();  // the pipe's own
    pipe->endpoint = endpoint;
    pipe->binding = binding;
    pipe->for_engine = for_engine;
    InprocChannel::Side &own = channel->side[side];
    const InprocChannel::Side &peer = channel->side[1 - side];
    if (side == 1)
        pipe->limits_changed (options.sndhwm, options.rcvhwm);
    const bool known = peer.known.load (std::memory_order_acquire);
    if (known)
        pipe->peer_routing_id = peer.routing_id;
    InprocPipe &held = *pipe;
    inproc_pipes_.push_back (std::move (pipe));
    own.strand.store (&strand_, std::memory_order_seq_cst);
    if (side == 1)
        held.count_greeting ();
    const bool greeted = side == 1 && channel->greeting != InprocChannel::Greeting::due;
    if (!for_engine && !greeted && type_.sends_hello && !options.hello_msg.empty ()) {
        Msg hello;
        if (hello.init_copy (options.hello_msg.data (), options.hello_msg.size ()) == 0)
            held.write_unlimited (hello);
    }
    if (!for_engine && side == 1 && type_.hears_disconnect)
        held.say_at_end (options.disconnect_msg);
    try {
        pattern.attach (held);
    } catch (...) {
        pattern.detach (held);  // it may know it already, in part
        own.strand.store (nullptr, std::memory_order_release);
        inproc_pipes_.pop_back ();
        throw;
    }
    if (side == 0 && known)
        held.identify ();
    // What the other side did before it could ring.
    held.peer_active ();
    note_room ();
}

int Socket::bind_inproc (const std::string &endpoint)
{
    InprocRegistry::Binding binding;
    binding.strand = &strand_;
    binding.id = InprocRegistry::next_id ();
    binding.send_limit = options.sndhwm;
    binding.receive_limit = options.rcvhwm;
    binding.routing_id = options.routing_id;
    if (type_.sends_hello)
        binding.hello = options.hello_msg;
    binding.answers_requests = type_.answers_requests;
    std::vector<InprocChannel *> waiting;
    std::string name = endpoint;
    inproc_bindings_.push_back ({endpoint, binding.id});
    int error = ENOMEM;
    try {
        error = context_.registry ().bind (endpoint, binding, waiting);
    } catch (const std::bad_alloc &) {
    }
    if (error) {
        inproc_bindings_.pop_back ();
        return error;
    }
    attach_waiting (waiting, *pattern_, endpoint, binding.id, false);
    expect_peers ();
    options.last_endpoint.swap (name);
    return 0;
}

// Those who had connected to the name before it was bound. Takes over their references.
void Socket::attach_waiting (const std::vector<InprocChannel *> &waiting, Pattern &pattern, const std::string &endpoint,
                             std::uint64_t binding, bool for_engine) noexcept
{
    for (InprocChannel *channel : waiting) {
        try {
            attach_inproc (channel, 1, pattern, endpoint, binding, for_engine);
        } catch (...) {
            refuse_channel (channel);
            continue;
        }
        // Its limit has grown by ours, and it knows us now.
        channel->tell (0);
        channel->release ();
    }
}

int Socket::connect_inproc (const std::string &endpoint)
{
    std::string name = endpoint;
    InprocChannel *const channel = new InprocChannel;
    InprocChannel::Side &own = channel->side[0];
    own.send_limit.store (options.sndhwm, std::memory_order_relaxed);
    own.receive_limit.store (options.rcvhwm, std::memory_order_relaxed);
    own.strand.store (&strand_, std::memory_order_seq_cst);
    channel->conflate = conflate ();
    try {
        own.routing_id = options.routing_id;
        own.known.store (true, std::memory_order_release);
        context_.registry ().connect (endpoint, *channel);
        attach_inproc (channel, 0, *pattern_, endpoint, 0, false);
    } catch (...) {
        // Whoever is bound may have heard of it.
        channel->direction[0].writer_left.store (true, std::memory_order_seq_cst);
        channel->direction[1].reader_left.store (true, std::memory_order_seq_cst);
        if (!context_.registry ().forget (endpoint, *channel))
            channel->tell (1);
        channel->release ();
        throw;
    }
    channel->release ();
    expect_peers ();
    options.last_endpoint.swap (name);
    return 0;
}

bool Socket::connect_to_handler (const std::string &endpoint, Pattern &pattern)
{
    InprocChannel *const channel = new InprocChannel;   // without limits: a question must not wait for room
    channel->greeting = InprocChannel::Greeting::none;  // answers only
    InprocChannel::Side &own = channel->side[0];
    own.server.store (reactor_, std::memory_order_relaxed);
    own.strand.store (&strand_, std::memory_order_seq_cst);
    own.known.store (true, std::memory_order_seq_cst);
    bool found = false;
    try {
        found = context_.registry ().connect_to_handler (endpoint, *channel);
        if (found)
            attach_inproc (channel, 0, pattern, endpoint, 0, true);
    } catch (...) {
        channel->direction[0].writer_left.store (true, std::memory_order_seq_cst);
        channel->direction[1].reader_left.store (true, std::memory_order_seq_cst);
        channel->tell (1);
        channel->release ();
        throw;
    }
    channel->release ();
    return found;
}

std::unique_ptr<ZapInquiry> Socket::zap_inquiry (ZapAsker &asker) { return std::make_unique<ZapClient> (*this, asker); }

void Socket::process_command (const Command &command) noexcept
try {
    InprocChannel *const channel = &InprocChannel::of (command);
    if (command.what == Command::What::activity) {
        InprocPipe *const pipe =
          channel->side[command.side].strand.load (std::memory_order_acquire) == &strand_ ? channel->side[command.side].pipe : nullptr;
        if (pipe)
            peer_active (*pipe);
        channel->release ();
        return;
    }
    const InprocChannel::Direction &in = channel->direction[0];
    if (in.writer_left.load (std::memory_order_seq_cst) && in.empty ()) {
        refuse_channel (channel);  // came and went, or failed to come
        return;
    }
    if (Monitor *const monitor = monitor_bound (command.binding)) {
        attach_inproc (channel, 1, monitor->pattern (), monitor->endpoint (), command.binding, true);
        monitor->flush ();
        channel->release ();
        return;
    }
    for (const InprocBinding &binding : inproc_bindings_) {
        if (binding.id != command.binding)
            continue;
        attach_inproc (channel, 1, *pattern_, binding.endpoint, binding.id, false);
        channel->release ();
        return;
    }
    refuse_channel (channel);
} catch (...) {
    refuse_channel (&InprocChannel::of (command));
}

// Nobody is bound any more: the connecting side sees its pipe end.
void Socket::refuse_channel (InprocChannel *channel) noexcept
{
    channel->direction[0].reader_left.store (true, std::memory_order_seq_cst);
    channel->direction[1].writer_left.store (true, std::memory_order_seq_cst);
    channel->tell (0);
    channel->release ();
}

}  // namespace engine
