#include "core/monitor.hpp"

#include <cstring>

#include <zmq.h>

#include "core/context.hpp"
#include "core/socket.hpp"
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

int Socket::start_monitor (const std::string &endpoint, std::uint64_t events, int version, int type)
{
    const SocketType *const row = find_socket_type (type);
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
    auto monitor = std::make_unique<Monitor> (*row, endpoint, id, events, version);
    std::vector<InprocChannel *> waiting;
    if (const int error = context_.registry ().bind (endpoint, std::move (binding), waiting))
        return error;
    monitor_ = std::move (monitor);
    attach_waiting (waiting, monitor_->pattern (), endpoint, id, true);
    return 0;
}

void Socket::stop_monitor () noexcept
{
    if (!monitor_)
        return;
    if (strand_.doorbell.pending ())
        run_mailbox ();  // a consumer that has connected wants to hear of the end
    try {
        if (monitor_->wants (ZMQ_EVENT_MONITOR_STOPPED))
            monitor_->send (ZMQ_EVENT_MONITOR_STOPPED, {0}, std::string (), std::string ());
    } catch (...) {
    }
    context_.registry ().unbind (monitor_->endpoint (), monitor_->binding ());
    std::erase_if (inproc_pipes_, [this] (const auto &pipe) { return &pipe->pattern () == &monitor_->pattern (); });
    monitor_.reset ();
}

void Socket::emit (int event, std::uint64_t value, const Endpoint &endpoint) noexcept
try {
    if (!monitor_ || !monitor_->wants (static_cast<std::uint64_t> (event)))
        return;
    if (strand_.doorbell.pending ())
        run_mailbox ();  // a consumer may have connected since
    if (monitor_->version () == 1)
        monitor_->send (static_cast<std::uint64_t> (event), {value}, endpoint.endpoint (), std::string ());
    else
        monitor_->send (static_cast<std::uint64_t> (event), {value}, endpoint.local_endpoint (), endpoint.remote_endpoint ());
} catch (...) {
}

// Of a binding that there is not yet, or never will be.
void Socket::emit_local (int event, std::uint64_t value, const std::string &endpoint) noexcept
try {
    if (!monitor_ || !monitor_->wants (static_cast<std::uint64_t> (event)))
        return;
    if (strand_.doorbell.pending ())
        run_mailbox ();
    monitor_->send (static_cast<std::uint64_t> (event), {value}, endpoint, std::string ());
} catch (...) {
}

int Socket::report_pipes () noexcept
try {
    if (!monitor_ || monitor_->version () != 2 || !monitor_->wants (ZMQ_EVENT_PIPES_STATS))
        return EINVAL;
    if (pipes_.empty ())
        return EAGAIN;
    for (const auto &pipe : pipes_) {
        std::string local, remote;
        if (const Stream *const stream = pipe->stream) {
            local = stream->local_endpoint ();
            remote = stream->remote_endpoint ();
        }
        monitor_->send (ZMQ_EVENT_PIPES_STATS, {pipe->outbound_messages (), pipe->inbound_messages ()}, local, remote);
    }
    return 0;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine
