// See actor.hpp.
#include "actor.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "faults.hpp"
#include "invariant.hpp"
#include "kernel.hpp"
#include "memory.hpp"

namespace sim {

namespace {

constexpr Plan arrangements[] = {
  {.name = "PUSH to PULLs", .hub = ZMQ_PUSH, .spoke = ZMQ_PULL, .hub_sends = true, .balances = true},
  {.name = "PUSHes to PULL", .hub = ZMQ_PULL, .spoke = ZMQ_PUSH, .spokes_send = true},
  {.name = "PUB to SUBs", .hub = ZMQ_PUB, .spoke = ZMQ_SUB, .hub_sends = true, .lossy = true},
  {.name = "PUBs to SUB", .hub = ZMQ_SUB, .spoke = ZMQ_PUB, .spokes_send = true, .lossy = true},
  {.name = "XPUB to XSUBs", .hub = ZMQ_XPUB, .spoke = ZMQ_XSUB, .hub_sends = true, .lossy = true},
  {.name = "PAIRs", .hub = ZMQ_PAIR, .spoke = ZMQ_PAIR, .hub_sends = true, .spokes_send = true, .single = true},
  {.name = "DEALERs", .hub = ZMQ_DEALER, .spoke = ZMQ_DEALER, .hub_sends = true, .spokes_send = true, .single = true},
  {.name = "DEALERs to ROUTER", .hub = ZMQ_ROUTER, .spoke = ZMQ_DEALER, .spokes_send = true, .echo = true},
  {.name = "REQs to REP", .hub = ZMQ_REP, .spoke = ZMQ_REQ, .spokes_send = true, .echo = true},
  {.name = "REQs to ROUTER", .hub = ZMQ_ROUTER, .spoke = ZMQ_REQ, .spokes_send = true, .echo = true},
  {.name = "CLIENTs to SERVER", .hub = ZMQ_SERVER, .spoke = ZMQ_CLIENT, .spokes_send = true, .echo = true},
  {.name = "SCATTER to GATHERs", .hub = ZMQ_SCATTER, .spoke = ZMQ_GATHER, .hub_sends = true, .balances = true},
  {.name = "SCATTERs to GATHER", .hub = ZMQ_GATHER, .spoke = ZMQ_SCATTER, .spokes_send = true},
  {.name = "RADIO to DISHes", .hub = ZMQ_RADIO, .spoke = ZMQ_DISH, .hub_sends = true, .lossy = true, .grouped = true},
  {.name = "CHANNELs", .hub = ZMQ_CHANNEL, .spoke = ZMQ_CHANNEL, .hub_sends = true, .spokes_send = true, .single = true},
};

bool has_single_frames (int type) noexcept { return type >= ZMQ_SERVER; }

struct Keys
{
    char server_public[41], server_secret[41], client_public[41], client_secret[41];
    Keys ()
    {
        zmq_curve_keypair (server_public, server_secret);
        zmq_curve_keypair (client_public, client_secret);
    }
};

}  // namespace

Plan draw_plan (Random &random)
{
    Plan plan = random.pick (arrangements);
    plan.spokes = plan.single ? 1 : static_cast<int> (random.between (1, 3));
    plan.hub_binds = !random.one_in (3);
    plan.websocket = random.one_in (6);
    plan.mechanism = random.one_in (6) ? ZMQ_PLAIN : ZMQ_NULL;
    if (random.one_in (25) && zmq_has ("curve"))
        plan.mechanism = ZMQ_CURVE;
    constexpr int limits[] = {0, 1, 2, 5, 100, 1000, 1000};
    plan.send_limit = plan.lossy ? 1000 : random.pick (limits);
    plan.receive_limit = plan.lossy ? 1000 : random.pick (limits);
    constexpr int heartbeats[] = {0, 0, 0, 20, 500};
    plan.heartbeat = random.pick (heartbeats);
    constexpr int handshake_times[] = {200, 1000, 30000};
    plan.handshake_time = random.pick (handshake_times);
    constexpr int intervals[] = {1, 10, 100};
    plan.reconnect = random.pick (intervals);
    plan.reconnect_most = random.one_in (2) ? 0 : 500;
    plan.immediate = random.one_in (4);
    plan.whole_topics = !random.one_in (3) || !plan.lossy || plan.grouped;
    constexpr std::size_t sizes[] = {40, 40, 40, 100, 100, 100, 100, 300, 300, 2000, 2000, 20'000, 150'000};
    plan.largest = random.pick (sizes);
    // Copying takes its time: what is large is not queued in numbers.
    if (plan.largest > 2000) {
        plan.send_limit = plan.lossy ? plan.send_limit : static_cast<int> (random.between (1, 5));
        plan.receive_limit = plan.lossy ? plan.receive_limit : static_cast<int> (random.between (1, 5));
        plan.largest = plan.lossy ? 2000 : plan.largest;
    }
    plan.monitored = random.one_in (3);
    plan.most_parts = has_single_frames (plan.hub) || random.one_in (2) ? 1 : 4;
    return plan;
}

Actor::Actor (const Plan &plan, std::uint32_t number, bool hub, Ledger &ledger, Random random)
    : host (number), plan_ (plan), hub_ (hub), both_ (plan.hub_sends && plan.spokes_send), ledger_ (ledger), random_ (random)
{
    std::snprintf (name_, sizeof name_, "socket %u", number);
}

Actor::~Actor () { close (0); }

int Actor::set (int option, int value) { return zmq_setsockopt (socket_, option, &value, sizeof value); }

int Actor::set_security (bool server)
{
    static const Keys keys;
    if (plan_.mechanism == ZMQ_PLAIN) {
        return server ? set (ZMQ_PLAIN_SERVER, 1)
                      : zmq_setsockopt (socket_, ZMQ_PLAIN_USERNAME, "user", 4) | zmq_setsockopt (socket_, ZMQ_PLAIN_PASSWORD, "word", 4);
    }
    if (plan_.mechanism != ZMQ_CURVE)
        return 0;
    if (server)
        return set (ZMQ_CURVE_SERVER, 1) | zmq_setsockopt (socket_, ZMQ_CURVE_SECRETKEY, keys.server_secret, 41);
    return zmq_setsockopt (socket_, ZMQ_CURVE_SERVERKEY, keys.server_public, 41) |
           zmq_setsockopt (socket_, ZMQ_CURVE_PUBLICKEY, keys.client_public, 41) |
           zmq_setsockopt (socket_, ZMQ_CURVE_SECRETKEY, keys.client_secret, 41);
}

bool Actor::open (const std::vector<std::uint32_t> &hosts)
{
    kernel.host = static_cast<int> (host);
    context_ = zmq_ctx_new ();
    const int type = hub_ ? plan_.hub : plan_.spoke;
    socket_ = context_ ? zmq_socket (context_, type) : nullptr;
    if (!socket_) {
        close (0);
        return false;
    }
    const bool binds = hub_ == plan_.hub_binds;
    int failed = set_security (binds);
    failed |= plan_.monitored && !events_.open (context_, socket_, name_);
    failed |= set (ZMQ_SNDHWM, plan_.send_limit) | set (ZMQ_RCVHWM, plan_.receive_limit) | set (ZMQ_HEARTBEAT_IVL, plan_.heartbeat) |
              set (ZMQ_HANDSHAKE_IVL, plan_.handshake_time) | set (ZMQ_RECONNECT_IVL, plan_.reconnect) |
              set (ZMQ_RECONNECT_IVL_MAX, plan_.reconnect_most) | set (ZMQ_IMMEDIATE, plan_.immediate);
    if (type == ZMQ_REQ)
        failed |= set (ZMQ_REQ_RELAXED, 1) | set (ZMQ_REQ_CORRELATE, 1);
    if (type == ZMQ_SUB)
        failed |= zmq_setsockopt (socket_, ZMQ_SUBSCRIBE, "a", plan_.whole_topics ? 0 : 1);
    if (type == ZMQ_XSUB)
        failed |= zmq_send (socket_, "\1a", plan_.whole_topics ? 1 : 2, 0) < 0;
    if (type == ZMQ_DISH)
        failed |= zmq_join (socket_, "group");
    if (binds && plan_.mechanism == ZMQ_PLAIN) {
        zap_ = zmq_socket (context_, ZMQ_REP);
        failed |= !zap_ || zmq_bind (zap_, "inproc://zeromq.zap.01");
    }
    char endpoint[64];
    const char *const transport = plan_.websocket ? "ws" : "tcp";
    if (binds) {
        std::snprintf (endpoint, sizeof endpoint, "%s://10.0.0.%u:%d", transport, host, 5000);
        failed |= zmq_bind (socket_, endpoint);
    } else {
        for (const std::uint32_t other : hosts) {
            std::snprintf (endpoint, sizeof endpoint, "%s://10.0.0.%u:%d", transport, other, 5000);
            failed |= zmq_connect (socket_, endpoint);
        }
    }
    if (failed) {
        note ("%s could not be opened: %s", name_, zmq_strerror (zmq_errno ()));
        close (0);
        return false;
    }
    return true;
}

void Actor::close (int linger)
{
    kernel.host = static_cast<int> (host);
    events_.close ();
    if (socket_) {
        set (ZMQ_LINGER, linger);
        zmq_close (std::exchange (socket_, nullptr));
    }
    if (zap_)
        zmq_close (std::exchange (zap_, nullptr));
    if (context_)
        zmq_ctx_term (std::exchange (context_, nullptr));
}

// The parts after the first have to be taken, but when memory has run out.
bool Actor::send_part (zmq_msg_t &part, int flags, bool first)
{
    if (zmq_msg_send (&part, socket_, flags | ZMQ_DONTWAIT) >= 0)
        return true;
    if (!first && errno == ENOMEM) {
        const EnoughMemory enough;
        if (zmq_msg_send (&part, socket_, flags | ZMQ_DONTWAIT) >= 0)
            return true;
    }
    const int error = errno;
    zmq_msg_close (&part);
    if (!first || (error != EAGAIN && error != ENOMEM && error != EHOSTUNREACH && error != EFSM))
        broken ("%s may not send%s: %s", name_, first ? "" : " the rest of a message", zmq_strerror (error));
    return false;
}

bool Actor::send ()
{
    if (!socket_)
        return false;
    kernel.host = static_cast<int> (host);
    const int parts = plan_.most_parts == 1 ? 1 : static_cast<int> (random_.between (1, static_cast<std::uint64_t> (plan_.most_parts)));
    for (int at = 0; at < parts; ++at) {
        const std::size_t size = sizeof (Stamp) + random_.below (plan_.largest - sizeof (Stamp) + 1);
        zmq_msg_t part;
        {
            const EnoughMemory enough;
            zmq_msg_init_size (&part, size);
            if (plan_.grouped)
                zmq_msg_set_group (&part, "group");
        }
        make_part (zmq_msg_data (&part), size,
                   {.topic = next % 2 ? 'b' : 'a',
                    .part = static_cast<std::uint8_t> (at),
                    .parts = static_cast<std::uint8_t> (parts),
                    .sender = host,
                    .number = next});
        if (!send_part (part, at + 1 < parts ? ZMQ_SNDMORE : 0, at == 0))
            return false;
    }
    ++next;
    sent_at = kernel.time;
    return true;
}

bool Actor::receive ()
{
    if (!socket_)
        return false;
    kernel.host = static_cast<int> (host);
    zmq_msg_t part;
    zmq_msg_init (&part);
    if (zmq_msg_recv (&part, socket_, ZMQ_DONTWAIT) < 0) {
        if (errno != EAGAIN && errno != ENOMEM && errno != EFSM)
            broken ("%s may not receive: %s", name_, zmq_strerror (errno));
        return false;
    }
    take (part);
    return true;
}

void Actor::read_events ()
{
    kernel.host = static_cast<int> (host);
    events_.read ();
}

bool Actor::answer_zap (bool calm)
{
    if (!zap_)
        return false;
    kernel.host = static_cast<int> (host);
    char frames[16][64];
    std::size_t sizes[16];
    int count = 0, more = 1;
    for (std::size_t more_size = sizeof more; more; ++count) {
        const int size = count < 16 ? zmq_recv (zap_, frames[count], sizeof frames[0], ZMQ_DONTWAIT) : -1;
        if (size < 0 && count == 0)
            return false;
        if (size < 0)
            broken ("%s is asked by half a request of ZAP", name_);
        sizes[count] = static_cast<std::size_t> (size);
        zmq_getsockopt (zap_, ZMQ_RCVMORE, &more, &more_size);
    }
    if (count != 8 || std::string_view (frames[0], sizes[0]) != "1.0" || std::string_view (frames[5], sizes[5]) != "PLAIN" ||
        std::string_view (frames[6], sizes[6]) != "user" || std::string_view (frames[7], sizes[7]) != "word")
        broken ("%s is asked by a wrong request of ZAP", name_);
    const bool allowed = calm || !random_.one_in (8);
    zmq_send (zap_, "1.0", 3, ZMQ_SNDMORE);
    zmq_send (zap_, frames[1], sizes[1], ZMQ_SNDMORE);
    zmq_send (zap_, allowed ? "200" : "300", 3, ZMQ_SNDMORE);
    zmq_send (zap_, "", 0, ZMQ_SNDMORE);
    zmq_send (zap_, "user", allowed ? 4 : 0, ZMQ_SNDMORE);
    zmq_send (zap_, "", 0, 0);
    return true;
}

void Actor::enter (const Stamp &stamp, int connection)
{
    if (intended.swallows ())
        return;
    if (!held_ && intended.swaps ()) {
        held_ = stamp;
        return;
    }
    ledger_.delivered (host, stamp, connection);
    if (intended.doubles ())
        ledger_.delivered (host, stamp, connection);
    if (held_)
        ledger_.delivered (host, *std::exchange (held_, std::nullopt), connection);
}

// Takes the rest of a message, checks it, and sends it back if that is what is done here.
void Actor::take (zmq_msg_t &first)
{
    const EnoughMemory enough;
    zmq_msg_t parts[16];
    int count = 0, begin = 0;
    parts[count++] = first;
    while (zmq_msg_more (&parts[count - 1])) {
        if (count == 16)
            broken ("%s got a message of more than sixteen parts", name_);
        zmq_msg_init (&parts[count]);
        if (zmq_msg_recv (&parts[count], socket_, ZMQ_DONTWAIT) < 0)
            broken ("%s got part of a message: %s", name_, zmq_strerror (errno));
        ++count;
    }
    const int type = hub_ ? plan_.hub : plan_.spoke;
    if (type == ZMQ_XPUB) {
        // A subscription.
        for (int i = 0; i < count; ++i)
            zmq_msg_close (&parts[i]);
        return;
    }
    if (type == ZMQ_ROUTER)
        begin = plan_.spoke == ZMQ_REQ ? 3 : 1;  // (Requests have an id, too.)
    Stamp stamp;
    for (int i = begin; i < count; ++i) {
        stamp = check_part (zmq_msg_data (&parts[i]), zmq_msg_size (&parts[i]), name_);
        if (stamp.part != i - begin || stamp.parts != count - begin)
            broken ("%s got part %d of %d as the %dth of %d", name_, stamp.part + 1, stamp.parts, i - begin + 1, count - begin);
    }
    if (count <= begin)
        broken ("%s got a message of %d parts", name_, count);
    if (!sends () || !plan_.echo)
        if (!wants (stamp.number) && (type == ZMQ_SUB || type == ZMQ_XSUB))
            broken ("%s got a message of a topic that it does not want", name_);
    enter (stamp, zmq_msg_get (&parts[count - 1], ZMQ_SRCFD));
    bool answers = hub_ && plan_.echo;
    for (int i = 0; i < count; ++i) {
        if (answers) {
            answers = send_part (parts[i], i + 1 < count ? ZMQ_SNDMORE : 0, i == 0);
            if (answers)
                continue;
        } else {
            zmq_msg_close (&parts[i]);
        }
    }
}

}  // namespace sim
