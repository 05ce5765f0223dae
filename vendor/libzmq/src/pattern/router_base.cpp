// Ids, duplicates and the receiving side of routing sockets; see router_base.hpp.
#include "pattern/router_base.hpp"

#include <cerrno>
#include <utility>

#include <zmq.h>

#include "base/option_value.hpp"

namespace engine {

void RouterBase::attach (Pipe &pipe)
{
    Peer &peer = table_.add (pipe);
    if (probe_router_ && !raw ()) {
        Msg probe;
        pipe.write (probe);
    }
    if (pipe.connected_by_us && !connect_id_.empty ()) {
        const std::string id = std::exchange (connect_id_, {});
        if (!table_.find (id)) {
            table_.name (peer, id);
            peer.assigned = true;
            begin (peer);
            return;
        }
    }
    if (raw ()) {
        table_.name_automatically (peer);
        begin (peer);
    } else if (!pipe.connected_by_us || pipe.is_inproc || !pipe.peer_routing_id.empty ()) {
        introduce (peer);
    }
}

void RouterBase::identified (Pipe &pipe)
{
    Peer *peer = RoutingTable::peer_of (pipe);
    if (!peer || peer->ignored || raw ())
        return;
    if (!peer->id_frame.size ()) {
        introduce (*peer);
    } else if (peer->automatic && !peer->heard && !pipe.peer_routing_id.empty () && pipe.is_inproc) {
        // Connected before anybody was bound: only now does the peer have a name, and nobody has seen the one it had.
        table_.unname (*peer);
        introduce (*peer);
    }
}

// (A peer that had to do without an id may get one now.)
bool RouterBase::is_same_peer (const Pipe &pipe, std::string_view routing_id) const noexcept
{
    const Peer *peer = RoutingTable::peer_of (pipe);
    if (!peer || peer->assigned)
        return true;
    return !peer->ignored && (peer->automatic ? routing_id.empty () : routing_id == peer->id ());
}

// Gives a peer the id it announced, or an automatic one.
void RouterBase::introduce (Peer &peer)
{
    const std::string &id = peer.pipe.peer_routing_id;
    if (id.empty ()) {
        table_.name_automatically (peer);
        begin (peer);
        return;
    }
    if (Peer *holder = table_.find (id)) {
        if (holder->pipe.closing ()) {
            table_.unname (*holder);
            lost (holder->pipe);
        } else if (handover_) {
            table_.unname (*holder);
            lost (holder->pipe);
            in_.remove (holder->pipe);
            holder->ignored = true;
            holder->pipe.terminate ();
        } else {
            in_.remove (peer.pipe);
            peer.ignored = true;
            return;
        }
    }
    table_.name (peer, id);
    begin (peer);
}

void RouterBase::begin (Peer &peer)
{
    if (peer.pipe.connected_by_us || !has_connected_)
        last_id_ = peer.id ();
    has_connected_ = has_connected_ || peer.pipe.connected_by_us;
    if (!in_.contains (peer.pipe))
        in_.add (peer.pipe);
}

void RouterBase::detach (Pipe &pipe) noexcept
{
    in_.remove (pipe);
    lost (pipe);
    table_.remove (pipe);
}

int RouterBase::recv_with_id (Msg &frame)
{
    if (in_body_) {
        if (has_first_) {
            frame = std::move (first_);
            has_first_ = false;
        } else if (const int error = in_.recv (frame)) {
            in_body_ = false;  // the rest of the message is lost
            return error;
        }
        in_body_ = frame.more ();
        return 0;
    }
    Pipe *from = nullptr;
    if (const int error = in_.recv (first_, from))
        return error;
    Peer &peer = *RoutingTable::peer_of (*from);
    if (const int error = frame.copy_from (peer.id_frame)) {
        first_.reset ();
        in_.skip_rest ();
        return error;
    }
    if (first_.metadata ())
        frame.set_metadata (first_.metadata ());
    peer.heard = true;
    table_.set_recent (peer);
    has_first_ = in_body_ = true;
    return 0;
}

bool RouterBase::any_writable ()
{
    for (std::uint32_t index = 0; index < in_.size (); ++index)
        if (in_[index].writable ())
            return true;
    return false;
}

int RouterBase::set_option (int option, const void *value, std::size_t size)
{
    switch (option) {
    case ZMQ_ROUTER_MANDATORY:
        return read_flag (value, size, mandatory_);
    case ZMQ_ROUTER_HANDOVER:
        return read_flag (value, size, handover_);
    case ZMQ_PROBE_ROUTER:
        return read_flag (value, size, probe_router_);
    case ZMQ_CONNECT_ROUTING_ID:
        return size == 0 ? EINVAL : read_bytes (value, size, connect_id_);
    default:
        return EINVAL;
    }
}

int RouterBase::check_connect ()
{
    if (connect_id_.empty () || !table_.find (connect_id_))
        return 0;
    connect_id_.clear ();
    return EINVAL;
}

int RouterBase::peer_state (const void *id, std::size_t size, int &events)
{
    const Peer *peer = id ? table_.find ({static_cast<const char *> (id), size}) : nullptr;
    if (!peer || peer->pipe.closing ())
        return EHOSTUNREACH;
    events = peer->pipe.writable () ? ZMQ_POLLOUT : 0;
    return 0;
}

std::string_view RouterBase::id_of (const Pipe &pipe) const noexcept
{
    const Peer *const peer = RoutingTable::peer_of (pipe);
    return peer ? peer->id () : std::string_view ();
}

}  // namespace engine
