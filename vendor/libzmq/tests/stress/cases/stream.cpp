// stream.cpp - one-way streams, from any number of senders to any number of receivers, in which nothing may be lost.
//
// A publisher's queues are without limit, since PUB drops what they cannot hold; XPUB with NODROP waits instead. PUB learns that it has
// been subscribed to from a receiver that got a hello, XPUB from the subscription, ROUTER who is there from hellos the other way.
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "cases.hpp"

namespace stress {

namespace {

constexpr std::uint32_t most = 100000;       // messages a sender
constexpr std::uint32_t named_senders = 16;  // a sender's name for its stream to receiver r: sender * 16 + r

struct Shared
{
    explicit Shared (const Stream &what_) : what (what_), tally (static_cast<std::uint32_t> (what_.senders)) {}
    const Stream what;
    Tally tally;
    std::atomic<std::uint64_t> received{0};  // but for hellos
    std::atomic<int> hellos{0};              // of PUBs that came, over all receivers
    std::atomic<int> senders_over{0};
    std::atomic<int> receivers_over{0};
};

class Sender
{
  public:
    Sender (Round &round, Actor &actor, End &end, Shared &shared, int index)
        : _round (round), _actor (actor), _end (end), _shared (shared), _index (static_cast<std::uint32_t> (index))
    {}

    void run ()
    {
        const Plan &plan = _round.plan ();
        if (!meet ())
            return;
        std::uint32_t left = 0;
        for (_count = 0; _count < most && !_round.time_is_up (); ++_count) {
            if ((_shared.what.bursts || _shared.what.awaited) && left-- == 0) {
                if (_shared.what.awaited)
                    wait_received_so_far ();
                if (_shared.what.bursts)
                    pause_a_little (_actor, plan.pause);
                left = _actor.random.below (static_cast<std::uint32_t> (plan.burst));
            }
            if (!send (Kind::data))
                return;
        }
        for (int i = 0; i < (_shared.what.to == To::named ? _shared.what.receivers : 1) && _shared.what.to != To::some; ++i, ++_count)
            if (!send (Kind::last))
                return;
    }

  private:
    // Until every receiver is known to be there. False: shut down.
    bool meet ()
    {
        const int receivers = _shared.what.receivers;
        if (_shared.what.sender == ZMQ_XPUB)
            for (int i = 0; i < receivers; ++i)
                if (!_end.receive_subscription ())
                    return false;
        if (_shared.what.sender == ZMQ_ROUTER)
            for (int i = 0; i < receivers; ++i) {
                Message hello;
                if (!_end.receive (hello))
                    return false;
                _names.push_back (hello.envelope.at (0));
            }
        if (_shared.what.sender == ZMQ_PUB)
            while (_shared.hellos < receivers * _shared.what.senders) {
                Message hello = draw_message (_actor, _round.plan (), _index, 0);
                hello.kind = Kind::hello;
                if (_round.ending () || !_end.send (hello))
                    return false;
                _actor.doing = "waiting for subscribers";
                std::this_thread::sleep_for (std::chrono::microseconds (200));
            }
        return true;
    }

    void wait_received_so_far ()
    {
        _actor.doing = "waiting for the receivers, without any call";
        const std::uint64_t copies = _shared.what.to == To::all ? static_cast<std::uint64_t> (_shared.what.receivers) : 1;
        while (_shared.received < _count * copies && !_round.ending ())
            std::this_thread::sleep_for (std::chrono::microseconds (20));
    }

    bool send (Kind kind)
    {
        std::uint32_t name = _index;
        std::uint32_t number = _count;
        const auto receiver = _count % static_cast<std::uint32_t> (_shared.what.receivers);
        if (_shared.what.to == To::named) {
            name = _index * named_senders + receiver;
            number = _count / static_cast<std::uint32_t> (_shared.what.receivers);
        } else if (_shared.what.to == To::some)
            number = _shared.tally.next_number (_index);
        Message message = draw_message (_actor, _round.plan (), name, number);
        message.kind = kind;
        if (_shared.what.to == To::named)
            message.envelope = {_names[receiver]};
        return _end.send (message);
    }

    Round &_round;
    Actor &_actor;
    End &_end;
    Shared &_shared;
    const std::uint32_t _index;
    std::uint32_t _count = 0;
    std::vector<std::string> _names;
};

void receive_all (Actor &actor, End &end, Shared &shared, const Plan &plan, int index)
{
    if (shared.what.sender == ZMQ_ROUTER) {
        Message hello = draw_message (actor, plan, static_cast<std::uint32_t> (index), 0);
        hello.kind = Kind::hello;
        if (!end.send (hello))
            return;
    }
    const bool some = shared.what.to == To::some;
    Ledger ledger (some);
    std::set<std::uint32_t> greeted;
    Message message;
    for (int lasts = 0; some || lasts < shared.what.senders;) {
        if (!end.receive (message))
            return;
        if (message.kind == Kind::hello) {
            if (greeted.insert (message.sender).second)
                ++shared.hellos;
            continue;
        }
        ledger.note (message);
        ++shared.received;
        if (some)
            shared.tally.received (message);
        lasts += message.kind == Kind::last;
    }
}

void prepare_receiver (End &end, int type, int index)
{
    if (type == ZMQ_SUB)
        end.set (ZMQ_SUBSCRIBE, "");
    if (type == ZMQ_XSUB && zmq_send (end.socket (), "\1", 1, 0) != 1)
        throw Failure ("XSUB could not subscribe");
    if (type == ZMQ_ROUTER)
        end.envelope (1);
    if (type == ZMQ_DEALER)
        end.set (ZMQ_ROUTING_ID, "receiver " + std::to_string (index));
}

void prepare_sender (End &end, int type)
{
    if (type == ZMQ_PUB)
        end.set (ZMQ_SNDHWM, 0);
    if (type == ZMQ_XPUB)
        end.set (ZMQ_XPUB_NODROP, 1).set (ZMQ_XPUB_VERBOSE, 1);
    if (type == ZMQ_ROUTER)
        end.set (ZMQ_ROUTER_MANDATORY, 1).envelope (1);
}

}  // namespace

void set_up_stream (Round &round, const Stream &what)
{
    const auto shared = std::make_shared<Shared> (what);
    const Ends senders = make_ends (round, End::Side::a, what.sender, what.senders);
    const Ends receivers = make_ends (round, End::Side::b, what.receiver, what.receivers);
    for (const auto &end : senders)
        prepare_sender (*end, what.sender);
    for (int i = 0; i < what.receivers; ++i) {
        prepare_receiver (*receivers[static_cast<std::size_t> (i)], what.receiver, i);
        if (what.sender == ZMQ_PUB)
            receivers[static_cast<std::size_t> (i)]->set (ZMQ_RCVHWM, 0);
    }
    // The one of several binds; of one each either does.
    const bool receivers_bind = what.receivers < what.senders || (what.receivers == what.senders && round.plan ().seed % 2 == 0);
    for (const auto &end : receivers_bind ? receivers : senders)
        end->link (pointers (receivers_bind ? senders : receivers));

    for (int i = 0; i < what.receivers; ++i)
        round.start ("receiver " + std::to_string (i), [&round, shared, i, end = receivers[static_cast<std::size_t> (i)]] (Actor &actor) {
            end->begin (actor);
            receive_all (actor, *end, *shared, round.plan (), i);
            ++shared->receivers_over;
            end->close ();
        });
    for (int i = 0; i < what.senders; ++i)
        round.start ("sender " + std::to_string (i), [&round, shared, i, end = senders[static_cast<std::size_t> (i)]] (Actor &actor) {
            end->begin (actor);
            Sender (round, actor, *end, *shared, i).run ();
            ++shared->senders_over;
            wait_received (round, actor, [&shared] { return shared->receivers_over == shared->what.receivers; });
            end->close ();
        });
    if (what.to == To::some) {
        round.explain_with ([shared] { return shared->tally.missing (); });
        round.shut_down_when (
          [shared] { return shared->senders_over == shared->what.senders && shared->tally.sent () == shared->tally.received (); });
    }
}

}  // namespace stress
