// The socket's endpoints on transports with connections: binding, connecting, ending them, by name or all at once. Those of inproc are in
// core/socket_inproc.cpp, but for ending them.
#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "core/context.hpp"
#include "core/socket.hpp"
#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/linger_timer.hpp"
#include "io/listener.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"
#include "strand/strand.hpp"
#include "transport/descriptor.hpp"

namespace engine {

// ---- stream transports ----

int Socket::use_reactor () noexcept
{
    if (reactor_)
        return 0;
    if (const int error = context_.choose_reactor (options.affinity, reactor_))
        return error;
    // A close must not linger for want of memory.
    linger_timer_.reset (new (std::nothrow) LingerTimer (*this));
    if (!linger_timer_ || !linger_timer_->prepare ()) {
        linger_timer_.reset ();
        reactor_ = nullptr;
        return ENOMEM;
    }
    reactor_->load.fetch_add (1, std::memory_order_relaxed);
    return 0;
}

int Socket::add_listener (const Transport &transport, Listening &&listening, std::shared_ptr<const Options> snapshot) noexcept
try {
    const int fd = listening.fd;
    std::string name;
    std::unique_ptr<Listener> made;
    try {
        name = listening.endpoint;
        made = std::make_unique<Listener> (*this, transport, std::move (listening), std::move (snapshot));
    } catch (...) {
        transport.unlisten (listening);  // still ours: moving it cannot fail
        return ENOMEM;
    }
    emit_local (ZMQ_EVENT_LISTENING, static_cast<std::uint64_t> (fd), name);
    if (const int error = made->start ())
        return error;
    listeners_.add (std::move (made));
    expect_peers ();
    options.last_endpoint.swap (name);
    return 0;
} catch (...) {
    return ENOMEM;
}

int Socket::connect_stream (const Transport &transport, const std::string &endpoint, const std::string &address,
                            std::shared_ptr<const Options> prepared)
{
    if (type_.connects_once)
        for (const auto &connector : connectors_)
            if (!connector->lingering && connector->endpoint () == endpoint)
                return 0;
    if (const int error = pattern_->check_connect ())
        return error;
    std::string name = endpoint;
    auto made = std::make_unique<Connector> (*this, transport, endpoint, address, prepared ? std::move (prepared) : snapshot ());
    if (const int error = made->prepare ())
        return error;
    Connector &connector = connectors_.add (std::move (made));
    if (!options.immediate)
        try {
            connector.pipe = attach_pipe ();
        } catch (...) {
            retire (connector);
            throw;
        }
    options.last_endpoint.swap (name);
    expect_peers ();
    connector.start ();
    return 0;
}

// That of a connecting end, which the pattern knows before there is a connection.
NetworkPipe *Socket::attach_pipe ()
{
    NetworkPipe *const pipe = make_pipe ();
    pipe->connected_by_us = true;
    pipe->attached = true;
    try {
        pattern_->attach (*pipe);
    } catch (...) {
        destroy_pipe (*pipe);
        throw;
    }
    return pipe;
}

// ---- datagram transports ----

int Socket::add_datagrams (const DatagramTransport &transport, DatagramPort &&port, std::shared_ptr<const Options> snapshot) noexcept
{
    const DatagramForm form = port.target.size == 0 ? type_.binds_datagrams : type_.connects_datagrams;
    DatagramEndpoint *made = nullptr;
    std::string name;
    try {
        name = port.endpoint;
        made = &datagrams_.add (std::make_unique<DatagramEndpoint> (*this, transport, std::move (port), form, std::move (snapshot)));
    } catch (...) {
        const Descriptor unused (port.fd);  // (-1 if it was taken over)
        return ENOMEM;
    }
    if (const int error = attach_datagrams (*made, form == DatagramForm::grouped)) {
        made->close ();
        retire (*made);
        return error;
    }
    options.last_endpoint.swap (name);
    expect_peers ();
    return 0;
}

// There is nobody to wait for: the pattern may use it from now on.
int Socket::attach_datagrams (DatagramEndpoint &datagrams, bool grouped) noexcept
try {
    NetworkPipe *const pipe = make_pipe ();
    pipe->connected_by_us = !datagrams.bound ();
    pipe->identified = true;
    pipe->carries_group = pipe->takes_all_groups = grouped;
    if (const int error = datagrams.start (*pipe)) {
        datagrams.close ();
        destroy_pipe (*pipe);
        return error;
    }
    pipe->datagrams = &datagrams;
    pipe->attached = true;
    try {
        pattern_->attach (*pipe);
    } catch (...) {
        destroy_pipe (*pipe);
        throw;
    }
    if (pipe->terminate_requested ()) {
        destroy_pipe (*pipe);
        return EINVAL;  // a DGRAM has one already
    }
    note_room ();
    return 0;
} catch (...) {
    return ENOMEM;
}

void Socket::emit_bind_failed (int error, const std::string &endpoint) noexcept
{
    emit_local (ZMQ_EVENT_BIND_FAILED, static_cast<std::uint64_t> (error), endpoint);
}

NetworkPipe *Socket::make_pipe ()
{
    pipes_.push_back (std::make_unique<NetworkPipe> (*this, *pattern_, conflate ()));
    return pipes_.back ().get ();
}

bool Socket::unreachable () const noexcept
{
    return gave_up_ && listeners_.empty () && datagrams_.empty () && inproc_bindings_.empty () &&
           std::all_of (inproc_pipes_.begin (), inproc_pipes_.end (), [] (const auto &pipe) { return pipe->for_engine; }) &&
           std::all_of (connectors_.begin (), connectors_.end (),
                        [] (const auto &connector) { return connector->abandoned () || connector->lingering; });
}

// ---- ending ----

int Socket::end_endpoint (const std::string &endpoint, const std::string &canonical)
{
    const auto matches = [&] (const std::string &name) { return name == endpoint || (!canonical.empty () && name == canonical); };
    bool found = false;
    run_mailbox ();  // what peers did before this counts as before

    // inproc: our bindings of that name, whose connections stay; without one, our connections to it.
    for (std::size_t i = inproc_bindings_.size (); i-- > 0;) {
        if (inproc_bindings_[i].endpoint != endpoint)
            continue;
        context_.registry ().unbind (endpoint, inproc_bindings_[i].id);
        run_mailbox ();  // who has connected through it by now is attached while it is still known
        inproc_bindings_.erase (inproc_bindings_.begin () + static_cast<std::ptrdiff_t> (i));
        found = true;
    }
    const bool bound = found;
    for (const auto &pipe : inproc_pipes_)
        if (!bound && !pipe->for_engine && pipe->side () == 0 && pipe->endpoint == endpoint) {
            pipe->terminate ();
            found = true;
        }

    const auto end_if_named = [&] (Endpoint &held) {
        if (!matches (held.endpoint ()))
            return;
        found = true;
        held.end (options.linger);
    };
    listeners_.visit (end_if_named);
    datagrams_.visit ([&] (DatagramEndpoint &datagrams) {
        if (!datagrams.ending ())
            end_if_named (datagrams);
    });
    connectors_.visit ([&] (Connector &connector) {
        if (!connector.lingering)
            end_if_named (connector);
    });
    found |= std::erase_if (finished_endpoints_, matches) > 0;
    arm_linger ();
    return found ? 0 : ENOENT;
}

void Socket::close () noexcept
{
    if (strand_.doorbell.pending ())
        run_mailbox ();
    closing_ = true;
    batching_.after_send ();
    // Nothing reaches the pattern any more.
    std::vector<Command> left;
    strand_.doorbell.shut (left);
    for (const Command &command : left)
        if (command.what == Command::What::attach)
            refuse_channel (&InprocChannel::of (command));
        else
            InprocChannel::of (command).release ();
    for (const InprocBinding &binding : inproc_bindings_)
        context_.registry ().unbind (binding.endpoint, binding.id);
    inproc_bindings_.clear ();
    // They stay until the streams that came through them have gone.
    for (const auto &listener : listeners_)
        listener->close ();
    for (std::size_t i = inproc_pipes_.size (); i-- > 0;)
        if (!inproc_pipes_[i]->for_engine)
            destroy_pipe (*inproc_pipes_[i]);
    for (const auto &pipe : pipes_) {
        detach (*pipe);
        pipe->discard_inbound ();
        pipe->rollback ();
    }
    end_endpoints (options.linger);
    // What full pipes had stopped goes on, into nothing; then the reactor has all of it.
    attendance_.poll_input ();
    attendance_.hand_back ();
    // Sleepers find the handle dead.
    strand_.doorbell.ring ();
}

}  // namespace engine
