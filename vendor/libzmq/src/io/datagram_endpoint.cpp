#include "io/datagram_endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <unistd.h>

#include "io/host.hpp"
#include "io/network_pipe.hpp"
#include "io/reactor.hpp"
#include "options/options.hpp"
#include "zmtp/datagram.hpp"

namespace engine {

namespace {

// Whoever had the port has no descriptor any more.
DatagramPort taken (DatagramPort &port) { return {std::exchange (port.fd, -1), std::move (port.endpoint), port.target}; }

}  // namespace

DatagramEndpoint::DatagramEndpoint (StreamHost &socket, const DatagramTransport &transport, DatagramPort &&port, DatagramForm form,
                                    std::shared_ptr<const Options> options)
    : Attended (socket, std::move (options)), transport_ (transport), port_ (taken (port)), form_ (form)
{}

DatagramEndpoint::~DatagramEndpoint () { close (); }

int DatagramEndpoint::start (NetworkPipe &pipe) noexcept
{
    SocketAddress local;
    local.size = sizeof local.storage;
    if (::getsockname (port_.fd, local.get (), &local.size) != 0)
        return errno;
    family_ = local.get ()->sa_family;
    if (bound ()) {
        buffers_.reset (new (std::nothrow) std::uint8_t[most_datagrams * longest_datagram]);
        if (!buffers_)
            return ENOMEM;
    }
    socket_.reactor ().descriptor_table ().in_use (port_.fd);
    pipe_ = &pipe;
    if (!socket_.attendance ().add (*this))
        return errno ? errno : ENOMEM;
    reading_ = bound ();
    socket_.attendance ().interest_changed (*this);
    return 0;
}

void DatagramEndpoint::close () noexcept
{
    if (port_.fd < 0)
        return;
    socket_.attendance ().remove (*this);
    watch_.reset ();
    ::close (std::exchange (port_.fd, -1));
    reading_ = false;
    pipe_ = nullptr;
    socket_.stats.dropped_lost += static_cast<std::uint64_t> (outgoing_count_);
    for (int i = 0; i < outgoing_count_; ++i)
        outgoing_[static_cast<std::size_t> (i)].body.reset ();
    outgoing_count_ = 0;
}

// ---- input ----

void DatagramEndpoint::pull () noexcept
{
    // Bounded, so that one busy port cannot keep the others (and the caller) waiting.
    constexpr int most_calls = 4;
    if (!reading_)
        return;
    paused_ = false;
    SocketAddress from[most_datagrams];
    IncomingDatagram datagrams[most_datagrams];
    for (int i = 0; i < most_datagrams; ++i) {
        datagrams[i].buffer = buffers_.get () + static_cast<std::size_t> (i) * longest_datagram;
        datagrams[i].capacity = longest_datagram;
        datagrams[i].from = &from[i].storage;
    }
    for (int calls = 0; calls < most_calls; ++calls) {
        const int room = static_cast<int> (std::min<std::size_t> (pipe_->inbound_room (), most_datagrams));
        if (room == 0) {
            paused_ = true;
            socket_.attendance ().note_paused (*this);
            return;
        }
        const int count = receive_datagrams (port_.fd, datagrams, room);
        if (count < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return;
            continue;  // what ICMP said of a datagram that we have sent
        }
        for (int i = 0; i < count; ++i) {
            from[i].size = datagrams[i].from_size;
            take (datagrams[i], from[i]);
        }
        if (count < room)
            return;
    }
}

void DatagramEndpoint::take (const IncomingDatagram &datagram, const SocketAddress &from) noexcept
{
    const auto *const bytes = static_cast<const std::uint8_t *> (datagram.buffer);
    const bool taken = !datagram.truncated &&
                       (form_ == DatagramForm::grouped ? take_grouped (bytes, datagram.size) : take_addressed (bytes, datagram.size, from));
    socket_.stats.datagrams_refused += !taken;
}

bool DatagramEndpoint::take_grouped (const std::uint8_t *bytes, std::size_t size) noexcept
{
    GroupedDatagram parsed;
    if (!parse_grouped ({bytes, size}, parsed))
        return false;
    Msg body;
    if (body.init_copy (parsed.body.data (), parsed.body.size ()) != 0 || body.set_group (parsed.group) != 0 || !pipe_->receive (body))
        socket_.stats.dropped_memory++;
    return true;
}

bool DatagramEndpoint::take_addressed (const std::uint8_t *bytes, std::size_t size, const SocketAddress &from) noexcept
try {
    const std::string text = transport_.peer_text (from);
    if (text.empty ())
        return false;
    Msg address, body;
    // With the zero at its end, as libzmq gives it.
    if (address.init_copy (text.c_str (), text.size () + 1) != 0 || body.init_copy (bytes, size) != 0)
        throw std::bad_alloc ();
    address.set_more (true);
    if (!pipe_->receive (address))
        throw std::bad_alloc ();
    if (!pipe_->receive (body)) {
        pipe_->connection_lost ();  // without its address
        throw std::bad_alloc ();
    }
    return true;
} catch (...) {
    socket_.stats.dropped_memory++;
    return true;
}

// ---- output ----

bool DatagramEndpoint::output_pending () const noexcept { return outgoing_count_ > 0 || (pipe_ && !pipe_->outbound_empty ()); }

// The next message that a datagram can take. False: there is none.
bool DatagramEndpoint::next (Outgoing &out) noexcept { return form_ == DatagramForm::grouped ? next_grouped (out) : next_addressed (out); }

bool DatagramEndpoint::next_grouped (Outgoing &out) noexcept
{
    if (bound ()) {
        pipe_->drop_outbound ();  // a DISH says which groups it wants; nobody hears that
        return false;
    }
    while (Msg *const frame = pipe_->next_outbound ()) {
        out.body = std::move (*frame);
        pipe_->outbound_taken ();
        const char *const group = out.body.group ();
        const std::size_t group_size = std::strlen (group);
        if (1 + group_size + out.body.size () > longest_datagram) {
            socket_.stats.dropped_unroutable++;
            continue;
        }
        out.group_size = static_cast<std::uint8_t> (group_size);
        out.to = port_.target;
        return true;
    }
    return false;
}

bool DatagramEndpoint::next_addressed (Outgoing &out) noexcept
{
    while (Msg *const first = pipe_->next_outbound ()) {
        std::string_view text = first->view ();
        if (!text.empty () && text.back () == '\0')
            text.remove_suffix (1);
        const bool has_address = transport_.parse_peer (text, family_, out.to) == 0;
        const bool more = first->more ();
        pipe_->outbound_taken ();
        Msg *const frame = more ? pipe_->next_outbound () : nullptr;
        if (!frame)
            continue;
        out.body = std::move (*frame);
        pipe_->outbound_taken ();
        if (has_address && out.body.size () <= longest_datagram)
            return true;
        socket_.stats.dropped_unroutable++;
    }
    return false;
}

bool DatagramEndpoint::flush () noexcept
{
    if (!pipe_)
        return false;
    blocked_ = false;
    wrote_ = false;
    for (;;) {
        while (outgoing_count_ < most_datagrams && next (outgoing_[static_cast<std::size_t> (outgoing_count_)]))
            ++outgoing_count_;
        if (outgoing_count_ == 0)
            break;
        send_some ();
        if (blocked_) {
            keep_unsent ();
            socket_.attendance ().output_blocked (*this);
            break;
        }
    }
    if (wrote_)
        pipe_->offer_room ();
    if (socket_.flush_waiters > 0 && !output_pending ()) [[unlikely]]
        socket_.note_activity ();
    if (ending_ && !output_pending ())
        finish ();
    return wrote_;
}

void DatagramEndpoint::send_some () noexcept
{
    OutgoingDatagram datagrams[most_datagrams];
    for (int i = 0; i < outgoing_count_; ++i) {
        Outgoing &one = outgoing_[static_cast<std::size_t> (i)];
        const bool grouped = form_ == DatagramForm::grouped;
        one.parts = {iovec{&one.group_size, 1}, iovec{const_cast<char *> (one.body.group ()), one.group_size},
                     iovec{one.body.data (), one.body.size ()}};
        datagrams[i] = {one.parts.data () + (grouped ? 0 : 2), grouped ? 3u : 1u, one.to.get (), one.to.size};
    }
    const int count = send_datagrams (port_.fd, datagrams, outgoing_count_);
    if (count >= 0) {
        sent (count);
        return;
    }
    switch (errno) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
        blocked_ = true;
        return;
    case ENOBUFS:
    case ENOMEM:
        socket_.stats.dropped_full++;
        break;
    default:  // no route, no permission, too long for the interface
        socket_.stats.dropped_unroutable++;
        break;
    }
    sent (1);
}

// So many are done with.
void DatagramEndpoint::sent (int count) noexcept
{
    wrote_ = true;
    for (int i = 0; i < count; ++i)
        outgoing_[static_cast<std::size_t> (i)].body.reset ();
    const auto begin = outgoing_.begin ();
    if (count < outgoing_count_)
        std::move (begin + count, begin + outgoing_count_, begin);
    outgoing_count_ -= count;
}

// They wait longer than memory that is lent for a call.
void DatagramEndpoint::keep_unsent () noexcept
{
    for (int i = outgoing_count_; i-- > 0;) {
        Outgoing &one = outgoing_[static_cast<std::size_t> (i)];
        if (one.body.own_lent () == 0)
            continue;
        socket_.stats.dropped_memory++;
        const auto begin = outgoing_.begin ();
        std::move (begin + i + 1, begin + outgoing_count_, begin + i);
        --outgoing_count_;
    }
}

bool DatagramEndpoint::flush_inline () noexcept
{
    if (blocked_)
        return false;
    socket_.attendance ().take_lease ();
    return flush ();
}

// ---- events ----

std::uint32_t DatagramEndpoint::interest () const noexcept
{
    return (reading_ && !paused_ ? static_cast<std::uint32_t> (io_in) : 0u) | (blocked_ ? static_cast<std::uint32_t> (io_out) : 0u);
}

bool DatagramEndpoint::has_room () const noexcept { return pipe_ && pipe_->wants_more (); }

void DatagramEndpoint::serve (std::uint32_t events) noexcept
{
    if (port_.fd < 0)
        return;
    if (events & io_error) {
        // What is told here is not told to the next call, where it would count against another datagram.
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt (port_.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (events & (io_in | io_error))
        pull ();
    if (events & io_out)
        flush ();
}

void DatagramEndpoint::try_all () noexcept
{
    pull ();
    if (blocked_)
        flush ();
}

void DatagramEndpoint::on_io (std::uint32_t events) noexcept
{
    // Background mode.
    serve (events);
    if (port_.fd >= 0)
        socket_.attendance ().interest_changed (*this);
}

// ---- the end ----

void DatagramEndpoint::end (int linger) noexcept
{
    if (port_.fd < 0)
        return;
    ending_ = true;
    reading_ = false;
    if (!bound ())
        socket_.detach (*pipe_);
    pipe_->stop_writing ();
    if (linger != 0 && output_pending ()) {
        limit_lingering (linger);
        if (!blocked_)
            flush ();
        if (port_.fd >= 0)
            socket_.attendance ().interest_changed (*this);
        return;
    }
    finish ();
}

void DatagramEndpoint::finish () noexcept
{
    NetworkPipe &pipe = *pipe_;
    close ();
    socket_.lose_carrier (pipe);
    socket_.retire (*this);
}

}  // namespace engine
