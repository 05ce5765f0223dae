#include "core/inproc_registry.hpp"

#include <atomic>
#include <cerrno>
#include <new>

#include "core/inproc.hpp"
#include "io/reactor.hpp"
#include "strand/strand.hpp"

namespace engine {

InprocRegistry::~InprocRegistry ()
{
    for (auto &entry : waiting_)
        entry.second->release ();
}

std::uint64_t InprocRegistry::next_id () noexcept
{
    static std::atomic<std::uint64_t> next{1};
    return next.fetch_add (1, std::memory_order_relaxed);
}

void InprocRegistry::join (InprocChannel &channel, const Binding &binding)
{
    InprocChannel::Side &side = channel.side[1];
    side.routing_id = binding.routing_id;
    side.send_limit.store (binding.send_limit, std::memory_order_relaxed);
    side.receive_limit.store (binding.receive_limit, std::memory_order_relaxed);
    side.server.store (binding.server, std::memory_order_relaxed);
    side.known.store (true, std::memory_order_release);
    side.strand.store (binding.strand, std::memory_order_seq_cst);
}

int InprocRegistry::bind (const std::string &name, Binding binding, std::vector<InprocChannel *> &waiting)
{
    Lock lock (mutex_);
    if (bindings_.count (name))
        return EADDRINUSE;
    const auto range = waiting_.equal_range (name);
    for (auto at = range.first; at != range.second; ++at) {
        waiting.push_back (at->second);
        at->second->side[1].routing_id = binding.routing_id;
    }
    const Binding &held = bindings_.emplace (name, std::move (binding)).first->second;
    // From here on nothing fails: the strings have their memory already.
    for (InprocChannel *channel : waiting)
        join (*channel, held);
    waiting_.erase (range.first, range.second);
    return 0;
}

bool InprocRegistry::unbind (const std::string &name, std::uint64_t id) noexcept
{
    Lock lock (mutex_);
    const auto at = bindings_.find (name);
    if (at == bindings_.end () || at->second.id != id)
        return false;
    bindings_.erase (at);
    return true;
}

bool InprocRegistry::introduce (InprocChannel &channel, const Binding &binding)
{
    // Said for the bound socket, whose owner may not make a call for long.
    const InprocChannel::Greeting before = channel.greeting;
    if (before == InprocChannel::Greeting::due)
        channel.greet (binding.hello);
    join (channel, binding);
    channel.acquire ();
    const Mailbox::Delivery delivery = binding.strand->doorbell.deliver ({Command::What::attach, 1, binding.id, &channel});
    if (delivery == Mailbox::Delivery::done) {
        if (binding.server)
            binding.server->serve (channel.side[1]);
        return true;
    }
    channel.release ();
    channel.side[1].strand.store (nullptr, std::memory_order_relaxed);
    channel.side[1].known.store (false, std::memory_order_relaxed);
    if (before == InprocChannel::Greeting::due)
        channel.take_greeting_back ();
    if (delivery == Mailbox::Delivery::no_memory)
        throw std::bad_alloc ();
    return false;
}

bool InprocRegistry::connect_to_handler (const std::string &name, InprocChannel &channel)
{
    Lock lock (mutex_);
    const auto at = bindings_.find (name);
    return at != bindings_.end () && at->second.answers_requests && introduce (channel, at->second);
}

bool InprocRegistry::connect (const std::string &name, InprocChannel &channel)
{
    Lock lock (mutex_);
    const auto at = bindings_.find (name);
    if (at != bindings_.end () && introduce (channel, at->second))
        return true;
    waiting_.emplace (name, &channel);
    channel.acquire ();
    return false;
}

bool InprocRegistry::forget (const std::string &name, InprocChannel &channel) noexcept
{
    Lock lock (mutex_);
    const auto range = waiting_.equal_range (name);
    for (auto at = range.first; at != range.second; ++at)
        if (at->second == &channel) {
            waiting_.erase (at);
            channel.release ();
            return true;
        }
    return false;
}

}  // namespace engine
