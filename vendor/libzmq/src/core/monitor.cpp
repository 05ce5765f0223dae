#include "core/monitor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <zmq.h>
#include <zmq_ext.h>

#include "base/clock.hpp"
#include "base/make_room.hpp"
#include "core/context.hpp"
#include "core/socket.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/stream.hpp"
#include "strand/strand.hpp"

namespace engine {

namespace {

template <class Number>
void append (std::string &out, Number value)
{
    char bytes[sizeof value];
    std::memcpy (bytes, &value, sizeof value);
    out.append (bytes, sizeof value);
}

}  // namespace

Monitor::Monitor (const SocketType &type, std::string endpoint, std::uint64_t binding, std::uint64_t events, int version)
    : pattern_ (type.make (*this)), endpoint_ (std::move (endpoint)), binding_ (binding), events_ (events), version_ (version),
      keeps_ (!type.publishes)
{}

void Monitor::tell (const News &news, const Socket &socket) noexcept
try {
    const bool last = version_ == extended && news.event == ZMQ_EVENT_MONITOR_STOPPED;
    if (!wants (news.event) && !last)
        return;
    if (version_ == 1)
        send (news.event, {news.value}, news.name, std::string ());
    else if (version_ == extended)
        put_or_keep (extended_frames (news, socket));
    else
        send (news.event, {news.value}, news.local, news.remote);
} catch (...) {
}

void Monitor::send (std::uint64_t event, const std::vector<std::uint64_t> &values, const std::string &local, const std::string &remote)
{
    Frames frames;
    if (version_ == 1) {
        std::string head;
        append (head, static_cast<std::uint16_t> (event));
        append (head, static_cast<std::uint32_t> (values.empty () ? 0 : values.front ()));
        frames = {std::move (head), !local.empty () ? local : remote};
    } else {
        std::string number, count;
        append (number, event);
        append (count, static_cast<std::uint64_t> (values.size ()));
        frames = {std::move (number), std::move (count)};
        for (const std::uint64_t value : values) {
            frames.emplace_back ();
            append (frames.back (), value);
        }
        frames.push_back (local);
        frames.push_back (remote);
    }
    put_or_keep (std::move (frames));
}

Monitor::Frames Monitor::extended_frames (const News &news, const Socket &socket)
{
    zmq_ext_event_t event;
    std::memset (&event, 0, sizeof event);
    event.event = news.event;
    event.value = news.value;
    event.time = now ();
    event.socket = &socket.strand ();
    if (news.event == ZMQ_EVENT_DISCONNECTED)
        event.reason = news.peer.reason;
    std::string head;
    append (head, event);
    const PeerFacts &peer = news.peer;
    return {std::move (head),          news.local, news.remote, std::string (peer.routing_id), std::string (peer.mechanism),
            std::string (peer.user_id)};
}

void Monitor::put_or_keep (Frames &&frames)
{
    flush ();
    if (kept_.empty () && put (frames))
        return;
    if (keeps_ && kept_.size () < most_kept)
        kept_.push_back (std::move (frames));
}

void Monitor::flush () noexcept
{
    while (!kept_.empty () && put (kept_.front ()))
        kept_.pop_front ();
}

// All frames or none: only the first can find no room.
bool Monitor::put (const Frames &frames) noexcept
{
    for (std::size_t i = 0; i < frames.size (); ++i) {
        Msg frame;
        if (frame.init_copy (frames[i].data (), frames[i].size ()) != 0)
            return i > 0;
        frame.set_more (i + 1 < frames.size ());
        if (pattern_->send (frame) != 0)
            return i > 0;
    }
    return true;
}

// ---- the monitored socket's part ----

Monitor *Socket::monitor_of (const Pattern &pattern) const noexcept
{
    for (const auto &monitor : monitors_)
        if (&monitor->pattern () == &pattern)
            return monitor.get ();
    return nullptr;
}

Monitor *Socket::monitor_bound (std::uint64_t binding) const noexcept
{
    for (const auto &monitor : monitors_)
        if (monitor->binding () == binding)
            return monitor.get ();
    return nullptr;
}

int Socket::start_monitor (const std::string &endpoint, std::uint64_t events, int version, int type)
{
    const SocketType *const row = find_socket_type (type);
    if (version != Monitor::extended)
        stop_monitor ();
    InprocRegistry::Binding binding;
    binding.strand = &strand_;
    binding.id = InprocRegistry::next_id ();
    binding.send_limit = options.sndhwm;
    binding.receive_limit = options.rcvhwm;
    // The owner of a monitored socket may make no call for long: the reactor looks after the monitor's readers.
    if (use_reactor () == 0)
        binding.server = reactor_;
    const std::uint64_t id = binding.id;
    make_room (monitors_, monitors_.size () + 1);
    auto monitor = std::make_unique<Monitor> (*row, endpoint, id, events, version);
    std::vector<InprocChannel *> waiting;
    if (const int error = context_.registry ().bind (endpoint, std::move (binding), waiting))
        return error;
    Pattern &pattern = monitor->pattern ();
    monitors_.push_back (std::move (monitor));
    tells_ends |= version > 1;
    attach_waiting (waiting, pattern, endpoint, id, true);
    return 0;
}

void Socket::stop (Monitor &monitor) noexcept
{
    if (strand_.doorbell.pending ())
        run_mailbox ();  // a consumer that has connected wants to hear of the end
    Monitor::News news;
    news.event = ZMQ_EVENT_MONITOR_STOPPED;
    monitor.tell (news, *this);
    context_.registry ().unbind (monitor.endpoint (), monitor.binding ());
    std::erase_if (inproc_pipes_, [&monitor] (const auto &pipe) { return &pipe->pattern () == &monitor.pattern (); });
    std::erase_if (monitors_, [&monitor] (const auto &held) { return held.get () == &monitor; });
}

void Socket::stop_monitor () noexcept
{
    for (const auto &monitor : monitors_)
        if (monitor->version () != Monitor::extended) {
            stop (*monitor);
            return;
        }
}

int Socket::stop_monitor (const std::string &endpoint) noexcept
{
    for (const auto &monitor : monitors_)
        if (monitor->version () == Monitor::extended && monitor->endpoint () == endpoint) {
            stop (*monitor);
            return 0;
        }
    return ENOENT;
}

// What `say` fills in is only asked for if somebody wants it, and as far as the version that tells most does: addresses cost system calls.
template <class Say>
void Socket::tell_monitors (int event, std::uint64_t value, Say &&say) noexcept
try {
    Monitor::News news;
    news.event = static_cast<std::uint64_t> (event);
    news.value = value;
    int version = 0;
    for (const auto &monitor : monitors_)
        if (monitor->wants (news.event))
            version = std::max (version, monitor->version ());
    if (version == 0)
        return;
    if (strand_.doorbell.pending ())
        run_mailbox ();  // a consumer may have connected since
    say (news, version);
    for (std::size_t i = 0; i < monitors_.size (); ++i)
        monitors_[i]->tell (news, *this);
} catch (...) {
}

void Socket::emit (int event, std::uint64_t value, const Endpoint &endpoint) noexcept
{
    tell_monitors (event, value, [&endpoint] (Monitor::News &news, int version) {
        news.name = endpoint.endpoint ();
        if (version > 1) {
            news.local = endpoint.local_endpoint ();
            news.remote = endpoint.remote_endpoint ();
        }
        if (version == Monitor::extended)
            news.peer = endpoint.peer ();
    });
}

// Of a binding that there is not yet, or never will be.
void Socket::emit_local (int event, std::uint64_t value, const std::string &endpoint) noexcept
{
    tell_monitors (event, value, [&endpoint] (Monitor::News &news, int) { news.name = news.local = endpoint; });
}

int Socket::report_pipes () noexcept
try {
    Monitor *found = nullptr;
    for (const auto &monitor : monitors_)
        if (monitor->version () == 2 && monitor->wants (ZMQ_EVENT_PIPES_STATS))
            found = monitor.get ();
    if (!found)
        return EINVAL;
    run_mailbox ();  // who has connected by inproc since counts
    bool any = false;
    const auto tell = [&] (std::uint64_t out, std::uint64_t in, const std::string &local, const std::string &remote) {
        any = true;
        found->send (ZMQ_EVENT_PIPES_STATS, {out, in}, local, remote);
    };
    for (const auto &pipe : pipes_) {
        std::string local, remote;
        if (const Stream *const stream = pipe->stream) {
            local = stream->local_endpoint ();
            remote = stream->remote_endpoint ();
        } else if (pipe->datagrams) {
            local = pipe->datagrams->local_endpoint ();
            remote = pipe->datagrams->remote_endpoint ();
        }
        tell (pipe->outbound_messages (), pipe->inbound_messages (), local, remote);
    }
    for (const auto &pipe : inproc_pipes_)
        if (!pipe->for_engine) {
            const bool bound = pipe->side () == 1;
            tell (pipe->queued_out (), pipe->queued_in (), bound ? pipe->endpoint : std::string (),
                  bound ? std::string () : pipe->endpoint);
        }
    return any ? 0 : EAGAIN;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine
