// Naming and finding peers; see routing_table.hpp.
#include "pattern/routing_table.hpp"

#include <new>
#include <utility>

namespace engine {

RoutingTable::~RoutingTable ()
{
    while (all_)
        delete std::exchange (all_, all_->next_);
}

Peer &RoutingTable::add (Pipe &pipe)
{
    Peer *peer = new Peer (pipe);
    peer->next_ = all_;
    if (all_)
        all_->previous_ = peer;
    all_ = peer;
    pipe.pattern_data = peer;
    return *peer;
}

void RoutingTable::remove (Pipe &pipe) noexcept
{
    Peer *peer = peer_of (pipe);
    if (!peer)
        return;
    unname (*peer);
    pipe.pattern_data = nullptr;
    if (peer->next_)
        peer->next_->previous_ = peer->previous_;
    (peer->previous_ ? peer->previous_->next_ : all_) = peer->next_;
    delete peer;
}

void RoutingTable::name (Peer &peer, std::string_view id)
{
    peer.id_frame.reset ();
    if (peer.id_frame.init_copy (id.data (), id.size ()) != 0)
        throw std::bad_alloc ();
    peer.id_frame.set_more (true);
    try {
        peers_.emplace (peer.id (), &peer);
    } catch (...) {
        peer.id_frame.reset ();
        throw;
    }
    peer.named = true;
}

void RoutingTable::name_automatically (Peer &peer)
{
    char id[5];
    do {
        const std::uint32_t number = next_id_++;
        id[0] = 0;
        for (int at = 0; at < 4; ++at)
            id[1 + at] = static_cast<char> (number >> (24 - 8 * at));
    } while (peers_.contains (std::string_view (id, sizeof id)));
    name (peer, {id, sizeof id});
    peer.automatic = true;
}

void RoutingTable::unname (Peer &peer) noexcept
{
    if (!peer.named)
        return;
    peers_.erase (peer.id ());
    peer.named = peer.automatic = false;
    if (recent_ == &peer)
        recent_ = nullptr;
}

Peer *RoutingTable::find_slowly (std::string_view id) noexcept
{
    const auto found = peers_.find (id);
    if (found == peers_.end ())
        return nullptr;
    recent_ = found->second;
    return recent_;
}

}  // namespace engine
