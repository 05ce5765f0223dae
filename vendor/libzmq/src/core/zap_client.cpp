#include "core/zap_client.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "core/inproc.hpp"
#include "core/socket.hpp"

namespace engine {

bool ZapClient::ask (const std::vector<std::string> &request)
{
    if (!socket_.connect_to_handler (endpoint, *this))
        return false;
    for (std::size_t i = 0; i < request.size (); ++i) {
        Msg frame;
        if (frame.init_copy (request[i].data (), request[i].size ()) != 0)
            throw std::bad_alloc ();
        frame.set_more (i + 1 < request.size ());
        if (!pipe_ || !pipe_->write_unlimited (frame))
            return false;  // it has gone already
    }
    return true;
}

void ZapClient::cancel () noexcept
{
    asker_ = nullptr;
    if (pipe_)
        std::exchange (pipe_, nullptr)->terminate ();
}

void ZapClient::look () noexcept
try {
    if (pipe_)
        static_cast<InprocPipe *> (pipe_)->peer_active ();
} catch (...) {
    decide ({ZapVerdict::Outcome::no_memory, 0, {}});
}

void ZapClient::decide (ZapVerdict verdict) noexcept
{
    ZapAsker *const asker = asker_;
    cancel ();
    if (asker)
        asker->decided (std::move (verdict));
}

const char *ZapClient::own_routing_id (std::size_t &size) const noexcept
{
    size = 0;
    return "";
}

void ZapClient::attach (Pipe &pipe)
{
    pipe_ = &pipe;
    static_cast<void> (pipe.readable ());  // tell us
}

void ZapClient::detach (Pipe &pipe) noexcept
{
    // A handler that goes without an answer decides nothing. The handshake's time does, as with one that stays and says nothing: were the
    // peer sent away it would come again at once, find nobody who is asked, and be let in.
    if (pipe_ == &pipe)
        pipe_ = nullptr;
}

void ZapClient::read_activated (Pipe &pipe)
{
    Msg frame;
    while (pipe_ == &pipe && pipe.read (frame)) {
        // Too many are as wrong as they are.
        if (reply_.size () <= zap_reply_frames)
            reply_.emplace_back (frame.view ());
        if (frame.more ())
            continue;
        decide (read_zap_reply (reply_));
        return;
    }
}

int ZapClient::send (Msg &) { return ENOTSUP; }

int ZapClient::recv (Msg &) { return ENOTSUP; }

}  // namespace engine
