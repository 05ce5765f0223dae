// churn.cpp - sockets that come and go while messages flow. What a closed sender had queued still arrives (LINGER is without limit).
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "cases.hpp"
#include "library.hpp"

namespace stress {

namespace {

constexpr int passing_threads = 2;
constexpr std::uint32_t most_senders = 64;  // a thread, a round

// Where one thread leaves an endpoint for the other.
class Meeting
{
  public:
    void offer (const std::string &endpoint)
    {
        const std::lock_guard lock (_mutex);
        _endpoint = endpoint;
        ++_offered;
        _changed.notify_all ();
    }
    // The next one; empty: there will be none.
    std::string take ()
    {
        std::unique_lock lock (_mutex);
        _changed.wait (lock, [this] { return _offered > _taken; });
        ++_taken;
        return _endpoint;
    }
    // Until the last one offered was taken and is done with.
    void wait_done (int count)
    {
        std::unique_lock lock (_mutex);
        _changed.wait (lock, [&] { return _done >= count; });
    }
    void done ()
    {
        const std::lock_guard lock (_mutex);
        ++_done;
        _changed.notify_all ();
    }

  private:
    std::mutex _mutex;
    std::condition_variable _changed;
    std::string _endpoint;
    int _offered = 0;
    int _taken = 0;
    int _done = 0;
};

struct Passing
{
    Tally tally{passing_threads * most_senders};
    std::atomic<int> over{0};
};

// So many messages there and back; the number counts on over all meetings.
bool talk (Actor &actor, const Plan &plan, End &end, bool begins, std::uint32_t count)
{
    Message message;
    for (std::uint32_t number = 0; number < count; ++number) {
        if (begins && !end.send (draw_message (actor, plan, 0, number)))
            return false;
        if (!end.receive (message))
            return false;
        if (message.number != number)
            throw Failure ("message " + std::to_string (message.number) + " instead of " + std::to_string (number));
        if (!begins && !end.send (message))
            return false;
    }
    return true;
}

}  // namespace

void set_up_passing_senders (Round &round, int sender, int receiver)
{
    const auto state = std::make_shared<Passing> ();
    const auto target = std::make_shared<End> (round, End::Side::b, receiver);
    target->envelope (receiver == ZMQ_ROUTER);
    const std::string endpoint = target->bind (round.new_endpoint ());

    round.start ("receiver", [state, target] (Actor &actor) {
        target->begin (actor);
        Ledger ledger (true);
        Message message;
        while (target->receive (message)) {
            ledger.note (message);
            state->tally.received (message);
        }
        target->close ();
    });
    for (std::uint32_t thread = 0; thread < passing_threads; ++thread)
        round.start ("senders " + std::to_string (thread), [&round, state, endpoint, thread, sender] (Actor &actor) {
            for (std::uint32_t name = thread * most_senders; name < (thread + 1) * most_senders && !round.time_is_up (); ++name) {
                End end (round, End::Side::a, sender);
                end.begin (actor);
                end.connect (endpoint);
                const std::uint32_t count = actor.random.below (static_cast<std::uint32_t> (round.plan ().burst) + 1);
                for (std::uint32_t i = 0; i < count; ++i)
                    if (!end.send (draw_message (actor, round.plan (), name, state->tally.next_number (name))))
                        return;
                if (actor.random.one_in (2))
                    pause_a_little (actor, round.plan ().pause);
                wait_received (round, actor, [&state] { return state->tally.sent () == state->tally.received (); });
            }
            ++state->over;
        });
    round.explain_with ([state] { return state->tally.missing (); });
    round.shut_down_when ([state] { return state->over == passing_threads && state->tally.sent () == state->tally.received (); });
}

void set_up_meetings (Round &round, int type)
{
    const auto meeting = std::make_shared<Meeting> ();
    constexpr std::uint32_t count = 3;
    round.start ("binding", [&round, meeting, type] (Actor &actor) {
        std::string endpoint;
        for (int met = 1; !round.time_is_up (); ++met) {
            // The same name as before, or another: our sockets have given it back when they are unbound, and do not come again once they
            // are closed. Of others that is not known so soon.
            if (endpoint.empty () || !ours () || actor.random.one_in (2))
                endpoint = round.new_endpoint ();
            End end (round, End::Side::a, type);
            end.begin (actor);
            const std::string bound = end.bind (endpoint);
            meeting->offer (bound);
            if (!talk (actor, round.plan (), end, true, count))
                break;
            if (zmq_unbind (end.socket (), bound.c_str ()) != 0)
                throw Failure (std::string ("zmq_unbind: ") + zmq_strerror (zmq_errno ()));
            actor.doing = "waiting for the other to close";
            if (actor.random.one_in (2))
                end.close ();
            meeting->wait_done (met);
        }
        meeting->offer ("");
    });
    round.start ("connecting", [&round, meeting, type] (Actor &actor) {
        for (std::string at; !(at = meeting->take ()).empty ();) {
            {
                End end (round, End::Side::b, type);
                end.begin (actor);
                end.connect (at);
                talk (actor, round.plan (), end, false, count);
                if (actor.random.one_in (2))
                    pause_a_little (actor, 50);
            }
            meeting->done ();
        }
    });
}

void set_up_restarting_server (Round &round)
{
    // Replies that were lost with a server are asked for again after this.
    constexpr int patience = 100;  // ms
    const auto over = std::make_shared<std::atomic<bool>> (false);
    auto first = std::make_shared<End> (round, End::Side::b, ZMQ_REP);
    const std::string endpoint = first->bind (round.new_endpoint ());
    round.start ("server", [&round, endpoint, over, end = std::move (first)] (Actor &actor) mutable {
        Message request;
        for (;;) {
            end->begin (actor);
            const std::uint32_t count = 1 + actor.random.below (50);
            for (std::uint32_t i = 0; i < count; ++i)
                if (!end->receive (request) || !end->send (request))
                    return;
            end->close ();
            end = std::make_shared<End> (round, End::Side::b, ZMQ_REP);
            if (!bind_again (round, actor, *end, endpoint))
                return;
        }
    });
    round.start ("client", [&round, endpoint, over] (Actor &actor) {
        End end (round, End::Side::a, ZMQ_REQ);
        end.set (ZMQ_REQ_RELAXED, 1).set (ZMQ_REQ_CORRELATE, 1).set (ZMQ_LINGER, 0);
        end.begin (actor);
        end.connect (endpoint);
        Message reply;
        for (std::uint32_t number = 0; !round.time_is_up (); ++number)
            for (bool answered = false; !answered;) {
                if (!end.send (draw_message (actor, round.plan (), 0, number)))
                    return;
                actor.doing = "zmq_poll for 100 ms, to read";
                zmq_pollitem_t item{end.socket (), 0, ZMQ_POLLIN, 0};
                if (zmq_poll (&item, 1, patience) == 0)
                    continue;
                if (!end.receive (reply))
                    return;
                if (reply.number != number)
                    throw Failure ("a reply to an earlier request");
                answered = true;
            }
        end.close ();
        *over = true;
    });
    round.shut_down_when ([over] { return over->load (); });
}

}  // namespace stress
