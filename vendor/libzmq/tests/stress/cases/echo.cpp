// echo.cpp - requests and replies: one after another, several at a time, through a proxy; and both directions at once.
#include <algorithm>
#include <atomic>

#include "cases.hpp"
#include "library.hpp"

namespace stress {

namespace {

constexpr int proxied_servers = 2;

void ask (Round &round, Actor &actor, End &end, const Echo &what, std::uint32_t name)
{
    const Plan &plan = round.plan ();
    const std::uint32_t window = what.client == ZMQ_REQ || !what.bursts ? 1 : safe_window (plan);
    std::uint32_t number = 0;
    Message reply;
    for (bool over = false; !over;) {
        over = round.time_is_up ();
        const std::uint32_t count = over ? 1 : 1 + actor.random.below (window);
        for (std::uint32_t i = 0; i < count; ++i) {
            Message request = draw_message (actor, plan, name, number + i);
            request.kind = over ? Kind::last : Kind::data;
            if (what.delimiter)
                request.envelope = {""};
            if (!end.send (request))
                return;
        }
        if (what.bursts)
            pause_a_little (actor, plan.pause);
        for (std::uint32_t i = 0; i < count; ++i, ++number) {
            if (!end.receive (reply))
                return;
            if (reply.sender != name || reply.number != number)
                throw Failure ("reply " + std::to_string (reply.number) + " to " + std::to_string (reply.sender) + " instead of " +
                               std::to_string (number));
        }
    }
}

void answer (Round &round, Actor &actor, End &end, const Echo &what)
{
    Message request;
    for (int lasts = 0; what.proxied || lasts < what.clients; lasts += request.kind == Kind::last) {
        if (!end.receive (request))
            return;
        if (what.bursts && actor.random.one_in (4))
            pause_a_little (actor, std::min (round.plan ().pause, 500));
        if (!end.send (request))
            return;
    }
}

// Both directions at once: neither end may only send, or only receive, for as long as the other wants to do the same.
void exchange (Round &round, Actor &actor, End &end, std::uint32_t name)
{
    const Plan &plan = round.plan ();
    const bool inside = end.reading () == Waiting::block || end.reading () == Waiting::timed;
    const Waiting waiting = inside ? Waiting::poll : end.reading ();
    Ledger ledger;
    bool sent_last = false;
    bool got_last = false;
    std::uint32_t number = 0;
    Message next = draw_message (actor, plan, name, number);
    Message message;
    while (!sent_last || !got_last) {
        if (!end.wait (waiting, static_cast<short> ((sent_last ? 0 : ZMQ_POLLOUT) | (got_last ? 0 : ZMQ_POLLIN))))
            return;
        actor.doing = "";
        while (!got_last && end.try_receive (message)) {
            ledger.note (message);
            got_last = message.kind == Kind::last;
        }
        for (int i = 0; !sent_last && i < plan.burst; ++i) {
            if (round.time_is_up ())
                next.kind = Kind::last;
            if (!end.try_send (next))
                break;
            sent_last = next.kind == Kind::last;
            next = draw_message (actor, plan, name, ++number);
        }
        if (actor.random.one_in (8))
            pause_a_little (actor, plan.pause);
    }
}

}  // namespace

void set_up_echo (Round &round, const Echo &what)
{
    const Ends clients = make_ends (round, End::Side::a, what.client, what.clients);
    const Ends servers = make_ends (round, End::Side::b, what.server, what.proxied ? proxied_servers : 1);
    for (const auto &end : servers) {
        end->envelope (static_cast<std::size_t> (what.server_envelope));
        // A reply that finds a full queue is to wait, not to be dropped.
        if (what.server == ZMQ_ROUTER)
            end->set (ZMQ_ROUTER_MANDATORY, 1);
        // REP cannot. Where one peer passes on what several asked it has several replies to send there; and others than our engine may
        // learn too late that there is room again.
        if (what.server == ZMQ_REP && (what.proxied || !ours ()))
            end->set (ZMQ_SNDHWM, 0);
    }
    for (const auto &end : clients)
        end->envelope (what.delimiter);
    if (what.proxied) {
        const auto front = std::make_shared<End> (round, End::Side::b, ZMQ_ROUTER);
        const auto back = std::make_shared<End> (round, End::Side::b, ZMQ_DEALER);
        front->set (ZMQ_ROUTER_MANDATORY, 1);
        front->link (pointers (clients));
        back->link (pointers (servers));
        round.start ("proxy", [front, back] (Actor &actor) {
            front->begin (actor);
            back->begin (actor);
            actor.doing = "zmq_proxy";
            zmq_proxy (front->socket (), back->socket (), nullptr);
            front->close ();
            back->close ();
        });
    } else if (what.clients > 1 || round.plan ().seed % 2 == 0)
        servers[0]->link (pointers (clients));
    else
        clients[0]->link (pointers (servers));

    for (std::size_t i = 0; i < servers.size (); ++i)
        round.start ("server " + std::to_string (i), [&round, what, end = servers[i]] (Actor &actor) {
            end->begin (actor);
            answer (round, actor, *end, what);
            end->close ();
        });
    const auto over = std::make_shared<std::atomic<int>> (0);
    for (std::size_t i = 0; i < clients.size (); ++i)
        round.start ("client " + std::to_string (i), [&round, what, over, i, end = clients[i]] (Actor &actor) {
            end->begin (actor);
            ask (round, actor, *end, what, static_cast<std::uint32_t> (i));
            end->close ();
            ++*over;
        });
    if (what.proxied)
        round.shut_down_when ([over, what] { return *over == what.clients; });
}

void set_up_duplex (Round &round, int type)
{
    const auto a = std::make_shared<End> (round, End::Side::a, type);
    const auto b = std::make_shared<End> (round, End::Side::b, type);
    a->link ({b.get ()});
    const auto over = std::make_shared<std::atomic<int>> (0);
    for (const auto &end : {a, b})
        round.start (end == a ? "binding end" : "connecting end", [&round, over, end, name = end == a ? 0u : 1u] (Actor &actor) {
            end->begin (actor);
            exchange (round, actor, *end, name);
            ++*over;
            wait_received (round, actor, [&over] { return *over == 2; });
            end->close ();
        });
}

}  // namespace stress
