// table.cpp - every case by name. Each runs over every transport; what else varies is drawn for each round (plan.hpp).
#include "cases.hpp"

namespace stress {

namespace {

Case stream (const char *name, const Stream &what)
{
    return {name, [what] (Round &round) { set_up_stream (round, what); }};
}

Case echo (const char *name, const Echo &what)
{
    return {name, [what] (Round &round) { set_up_echo (round, what); }};
}

}  // namespace

const std::vector<Case> &table ()
{
    static const std::vector<Case> cases = {
      // One way: without pauses, and with pauses of the writer.
      stream ("push_pull.stream", {ZMQ_PUSH, ZMQ_PULL}),
      stream ("push_pull.bursts", {.sender = ZMQ_PUSH, .receiver = ZMQ_PULL, .bursts = true}),
      stream ("pair.stream", {ZMQ_PAIR, ZMQ_PAIR}),
      stream ("pair.bursts", {.sender = ZMQ_PAIR, .receiver = ZMQ_PAIR, .bursts = true}),
      stream ("dealer_dealer.stream", {ZMQ_DEALER, ZMQ_DEALER}),
      stream ("dealer_dealer.bursts", {.sender = ZMQ_DEALER, .receiver = ZMQ_DEALER, .bursts = true}),
      stream ("dealer_router.stream", {ZMQ_DEALER, ZMQ_ROUTER}),
      stream ("dealer_router.bursts", {.sender = ZMQ_DEALER, .receiver = ZMQ_ROUTER, .bursts = true}),
      stream ("router_dealer.stream", {ZMQ_ROUTER, ZMQ_DEALER, 1, 1, To::named}),
      stream ("router_dealer.bursts", {ZMQ_ROUTER, ZMQ_DEALER, 1, 1, To::named, true}),
      stream ("pub_sub.stream", {ZMQ_PUB, ZMQ_SUB}),
      stream ("pub_sub.bursts", {.sender = ZMQ_PUB, .receiver = ZMQ_SUB, .bursts = true}),
      stream ("xpub_sub.stream", {ZMQ_XPUB, ZMQ_SUB}),
      stream ("xpub_xsub.bursts", {.sender = ZMQ_XPUB, .receiver = ZMQ_XSUB, .bursts = true}),
      // Many to one, one to many, many to many.
      stream ("pushes_pull.stream", {ZMQ_PUSH, ZMQ_PULL, 3, 1}),
      stream ("pushes_pull.bursts", {ZMQ_PUSH, ZMQ_PULL, 3, 1, To::all, true}),
      stream ("push_pulls.stream", {ZMQ_PUSH, ZMQ_PULL, 1, 3, To::some}),
      stream ("push_pulls.bursts", {ZMQ_PUSH, ZMQ_PULL, 1, 3, To::some, true}),
      stream ("pushes_pulls.bursts", {ZMQ_PUSH, ZMQ_PULL, 2, 2, To::some, true}),
      stream ("dealers_router.stream", {ZMQ_DEALER, ZMQ_ROUTER, 3, 1}),
      stream ("dealers_router.bursts", {ZMQ_DEALER, ZMQ_ROUTER, 3, 1, To::all, true}),
      stream ("router_dealers.stream", {ZMQ_ROUTER, ZMQ_DEALER, 1, 3, To::named}),
      stream ("router_dealers.bursts", {ZMQ_ROUTER, ZMQ_DEALER, 1, 3, To::named, true}),
      stream ("pub_subs.stream", {ZMQ_PUB, ZMQ_SUB, 1, 3}),
      stream ("pub_subs.bursts", {ZMQ_PUB, ZMQ_SUB, 1, 3, To::all, true}),
      stream ("pubs_sub.bursts", {ZMQ_PUB, ZMQ_SUB, 3, 1, To::all, true}),
      stream ("xpub_subs.stream", {ZMQ_XPUB, ZMQ_SUB, 1, 3}),
      stream ("xpub_subs.bursts", {ZMQ_XPUB, ZMQ_SUB, 1, 3, To::all, true}),
      // One way, and the sender makes no call until all has come.
      stream ("push_pull.awaited", {.sender = ZMQ_PUSH, .receiver = ZMQ_PULL, .awaited = true}),
      stream ("push_pulls.awaited", {.sender = ZMQ_PUSH, .receiver = ZMQ_PULL, .receivers = 3, .to = To::some, .awaited = true}),
      stream ("pair.awaited", {.sender = ZMQ_PAIR, .receiver = ZMQ_PAIR, .bursts = true, .awaited = true}),
      stream ("dealer_router.awaited", {.sender = ZMQ_DEALER, .receiver = ZMQ_ROUTER, .awaited = true}),
      stream ("router_dealers.awaited", {.sender = ZMQ_ROUTER, .receiver = ZMQ_DEALER, .receivers = 3, .to = To::named, .awaited = true}),
      stream ("pub_subs.awaited", {.sender = ZMQ_PUB, .receiver = ZMQ_SUB, .receivers = 3, .awaited = true}),
      stream ("xpub_subs.awaited", {.sender = ZMQ_XPUB, .receiver = ZMQ_SUB, .receivers = 3, .bursts = true, .awaited = true}),
      // There and back.
      echo ("pair.ping_pong", {ZMQ_PAIR, ZMQ_PAIR}),
      echo ("pair.exchange", {.client = ZMQ_PAIR, .server = ZMQ_PAIR, .bursts = true}),
      echo ("dealer_dealer.ping_pong", {ZMQ_DEALER, ZMQ_DEALER}),
      echo ("dealer_dealer.exchange", {.client = ZMQ_DEALER, .server = ZMQ_DEALER, .bursts = true}),
      echo ("dealer_router.ping_pong", {.client = ZMQ_DEALER, .server = ZMQ_ROUTER, .server_envelope = 1}),
      echo ("dealer_router.exchange", {.client = ZMQ_DEALER, .server = ZMQ_ROUTER, .server_envelope = 1, .bursts = true}),
      echo ("dealers_router.exchange", {.client = ZMQ_DEALER, .server = ZMQ_ROUTER, .clients = 3, .server_envelope = 1, .bursts = true}),
      echo ("dealer_rep.exchange", {.client = ZMQ_DEALER, .server = ZMQ_REP, .delimiter = true, .bursts = true}),
      echo ("req_rep.ping_pong", {ZMQ_REQ, ZMQ_REP}),
      echo ("req_rep.exchange", {.client = ZMQ_REQ, .server = ZMQ_REP, .bursts = true}),
      echo ("reqs_rep.exchange", {.client = ZMQ_REQ, .server = ZMQ_REP, .clients = 3, .bursts = true}),
      echo ("req_router.exchange", {.client = ZMQ_REQ, .server = ZMQ_ROUTER, .server_envelope = 2, .bursts = true}),
      echo ("reqs_proxy_reps.ping_pong", {.client = ZMQ_REQ, .server = ZMQ_REP, .clients = 3, .proxied = true}),
      echo ("reqs_proxy_reps.exchange", {.client = ZMQ_REQ, .server = ZMQ_REP, .clients = 3, .bursts = true, .proxied = true}),
      // Both at once.
      {"pair.duplex", [] (Round &round) { set_up_duplex (round, ZMQ_PAIR); }},
      {"dealer_dealer.duplex", [] (Round &round) { set_up_duplex (round, ZMQ_DEALER); }},
      // Coming and going.
      {"push_pull.passing_senders", [] (Round &round) { set_up_passing_senders (round, ZMQ_PUSH, ZMQ_PULL); }},
      {"dealer_router.passing_senders", [] (Round &round) { set_up_passing_senders (round, ZMQ_DEALER, ZMQ_ROUTER); }},
      {"pair.meetings", [] (Round &round) { set_up_meetings (round, ZMQ_PAIR); }},
      {"dealer_dealer.meetings", [] (Round &round) { set_up_meetings (round, ZMQ_DEALER); }},
      {"push_pull.orders", [] (Round &round) { set_up_orders (round, ZMQ_PUSH, ZMQ_PULL); }, false, false, true},
      {"dealer_router.orders", [] (Round &round) { set_up_orders (round, ZMQ_DEALER, ZMQ_ROUTER); }, false, false, true},
      {"push_pull.dying_receiver", [] (Round &round) { set_up_dying_receiver (round, ZMQ_PUSH, ZMQ_PULL); }, true},
      {"dealer_dealer.dying_receiver", [] (Round &round) { set_up_dying_receiver (round, ZMQ_DEALER, ZMQ_DEALER); }, true},
      {"pair.dying_receiver", [] (Round &round) { set_up_dying_receiver (round, ZMQ_PAIR, ZMQ_PAIR); }, true},
      {"req_rep.restarting_server", set_up_restarting_server, true},
      // Several threads a socket.
      {"push_pull.shared", [] (Round &round) { set_up_shared (round, ZMQ_PUSH, ZMQ_PULL); }, false, true},
      {"dealer_dealer.shared", [] (Round &round) { set_up_shared (round, ZMQ_DEALER, ZMQ_DEALER); }, false, true},
      {"push_pull.time_outs", [] (Round &round) { set_up_shared_with_time_outs (round, ZMQ_PUSH, ZMQ_PULL); }, false, true},
      {"dealer_dealer.time_outs", [] (Round &round) { set_up_shared_with_time_outs (round, ZMQ_DEALER, ZMQ_DEALER); }, false, true},
    };
    return cases;
}

}  // namespace stress
