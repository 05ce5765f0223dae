/* The C API's hot paths, one a run, for count.py: `paths LIBRARY PATH`, with steady.c preloaded.
 *
 * Both ends are in one thread, so that nothing depends on how threads are scheduled. Each path is walked some rounds before it
 * is measured. Says how many messages (or calls) the measured instructions were for. */
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "../capi/library.h"

enum
{
    WARM_UP = 5,
    ROUNDS = 20,
    BATCH = 100, /* messages a round */
    SIZE = 64,   /* bytes a message */
    SUBSCRIBERS = 16,
    FEW = 10,
    MANY_PEERS = 1000,
    MANY_TOPICS = 100000
};

static void (*measure_begin) (void);
static void (*measure_end) (void);
static int measured;
static char body[SIZE];
static void *context;

static void begin (void)
{
    if (measured)
        measure_begin ();
}

static void end (void)
{
    if (measured)
        measure_end ();
}

static void send_part (void *socket, int flags) { check (zmq.send (socket, body, SIZE, flags) == SIZE, "zmq_send"); }

static void receive (void *socket)
{
    char place[SIZE];
    check (zmq.recv (socket, place, SIZE, 0) >= 0, "zmq_recv");
}

/* A bound socket and one connected to it; each has heard of the other when this returns. */
static void couple (const char *transport, int bound_type, int connected_type, void **one, void **other)
{
    char endpoint[256];
    size_t length = sizeof endpoint;
    *one = bound (context, bound_type, transport);
    check (zmq.getsockopt (*one, OPTION_LAST_ENDPOINT, endpoint, &length) == 0, "zmq_getsockopt");
    *other = connected (context, connected_type, endpoint);
}

/* What lies in a batch goes out now; the timer that would see to it is not armed while a stretch is measured. */
static void flush (void *socket)
{
    int events;
    size_t length = sizeof events;
    check (zmq.getsockopt (socket, OPTION_EVENTS, &events, &length) == 0, "zmq_getsockopt");
}

static void *one, *other, *subscribers[SUBSCRIBERS];

/* A message through sender to receiver: the connection is there. */
static void settle (void *sender, void *receiver)
{
    send_part (sender, 0);
    receive (receiver);
}

static void stream_setup (const char *transport)
{
    couple (transport, TYPE_PULL, TYPE_PUSH, &one, &other);
    settle (other, one);
}
static void tcp_setup (void) { stream_setup ("tcp://127.0.0.1:*"); }
static void inproc_setup (void) { stream_setup ("inproc://paths"); }

static void send_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++)
        send_part (other, 0);
    flush (other);
    end ();
    for (int i = 0; i < BATCH; i++)
        receive (one);
}

static void receive_round (void)
{
    for (int i = 0; i < BATCH; i++)
        send_part (other, 0);
    flush (other);
    begin ();
    for (int i = 0; i < BATCH; i++)
        receive (one);
    end ();
}

static void both_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++) {
        send_part (other, 0);
        receive (one);
    }
    end ();
}

static void ask_setup (void) { couple ("tcp://127.0.0.1:*", TYPE_REP, TYPE_REQ, &one, &other); }

static void ask_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++) {
        settle (other, one);
        settle (one, other);
    }
    end ();
}

static void parts_setup (void) { couple ("tcp://127.0.0.1:*", TYPE_ROUTER, TYPE_DEALER, &one, &other); }

/* Three parts from a DEALER to a ROUTER. */
static void parts_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++) {
        send_part (other, FLAG_MORE);
        send_part (other, FLAG_MORE);
        send_part (other, 0);
        flush (other);
        for (int part = 0; part < 4; part++)
            receive (one);
    }
    end ();
}

static void publish_setup (void)
{
    char endpoint[256];
    size_t length = sizeof endpoint;
    one = bound (context, TYPE_PUB, "tcp://127.0.0.1:*");
    check (zmq.getsockopt (one, OPTION_LAST_ENDPOINT, endpoint, &length) == 0, "zmq_getsockopt");
    for (int i = 0; i < SUBSCRIBERS; i++) {
        subscribers[i] = connected (context, TYPE_SUB, endpoint);
        check (zmq.setsockopt (subscribers[i], OPTION_SUBSCRIBE, "", 0) == 0, "zmq_setsockopt");
    }
    /* Until each is subscribed. */
    for (int i = 0; i < SUBSCRIBERS; i++) {
        struct poll_item item = {subscribers[i], 0, EVENT_IN, 0};
        do
            send_part (one, 0);
        while (zmq.poll (&item, 1, 10) == 0);
    }
    for (int i = 0; i < SUBSCRIBERS; i++) {
        struct poll_item item = {subscribers[i], 0, EVENT_IN, 0};
        while (zmq.poll (&item, 1, 200) > 0)
            receive (subscribers[i]);
    }
}

static void publish_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++)
        send_part (one, 0);
    flush (one);
    end ();
    for (int i = 0; i < SUBSCRIBERS; i++)
        for (int message = 0; message < BATCH; message++)
            receive (subscribers[i]);
}

/* A ROUTER and one of its DEALERs, back and forth, beside others that are connected and silent: what it costs must not depend on them. */
static void routed_setup (int peers)
{
    char endpoint[256];
    size_t length = sizeof endpoint;
    struct rlimit descriptors;
    check (getrlimit (RLIMIT_NOFILE, &descriptors) == 0, "getrlimit");
    descriptors.rlim_cur = descriptors.rlim_max;
    check (setrlimit (RLIMIT_NOFILE, &descriptors) == 0, "setrlimit");
    one = bound (context, TYPE_ROUTER, "tcp://127.0.0.1:*");
    check (zmq.getsockopt (one, OPTION_LAST_ENDPOINT, endpoint, &length) == 0, "zmq_getsockopt");
    for (int i = 0; i < peers; i++) {
        other = connected (context, TYPE_DEALER, endpoint);
        send_part (other, 0);
        flush (other);
        receive (one);
        receive (one);
    }
}
static void routed_few_setup (void) { routed_setup (FEW); }
static void routed_many_setup (void) { routed_setup (MANY_PEERS); }

static void routed_round (void)
{
    char id[SIZE];
    begin ();
    for (int i = 0; i < BATCH; i++) {
        send_part (other, 0);
        const int size = zmq.recv (one, id, sizeof id, 0);
        check (size > 0, "zmq_recv");
        receive (one);
        check (zmq.send (one, id, (size_t) size, FLAG_MORE) == size, "zmq_send");
        send_part (one, 0);
        receive (other);
    }
    end ();
}

/* A PUB whose subscriber wants many topics, and gets one of them: what it costs depends on that topic's length and on how often others part
 * from it on the way, which are the same with few and with many. */
static char first_topic[SIZE];

static void topics_setup (int all)
{
    couple ("tcp://127.0.0.1:*", TYPE_PUB, TYPE_SUB, &one, &other);
    for (int i = 0, decade = 1; i < MANY_TOPICS; i = all ? i + 1 : i == 0 ? decade : (decade *= 10)) {
        char topic[SIZE];
        const int size = snprintf (topic, sizeof topic, "topic.%08d", i);
        check (zmq.setsockopt (other, OPTION_SUBSCRIBE, topic, (size_t) size) == 0, "zmq_setsockopt");
        if (i == 0)
            memcpy (first_topic, topic, sizeof topic);
    }
    check (zmq.setsockopt (other, OPTION_SUBSCRIBE, "ready", 5) == 0, "zmq_setsockopt");
    struct poll_item item = {other, 0, EVENT_IN, 0};
    do
        check (zmq.send (one, "ready", 5, 0) == 5, "zmq_send");
    while (zmq.poll (&item, 1, 10) == 0);
    do
        receive (other);
    while (zmq.poll (&item, 1, 200) > 0);
}
static void topics_few_setup (void) { topics_setup (0); }
static void topics_many_setup (void) { topics_setup (1); }

static void topics_round (void)
{
    begin ();
    for (int i = 0; i < BATCH; i++) {
        check (zmq.send (one, "topic.unwanted", 14, 0) == 14, "zmq_send");
        check (zmq.send (one, first_topic, SIZE, 0) == SIZE, "zmq_send");
        flush (one);
        receive (other);
    }
    end ();
}

/* zmq_poll over two sockets of which one has a message. */
static void poll_setup (void)
{
    tcp_setup ();
    settle (other, one);
    send_part (other, 0);
    struct poll_item item = {one, 0, EVENT_IN, 0};
    check (zmq.poll (&item, 1, 5000) == 1, "zmq_poll");
}

static void poll_round (void)
{
    struct poll_item items[] = {{one, 0, EVENT_IN, 0}, {other, 0, EVENT_IN, 0}};
    begin ();
    for (int i = 0; i < BATCH; i++)
        check (zmq.poll (items, 2, 1000) == 1, "zmq_poll");
    end ();
}

static const struct
{
    const char *name;
    void (*setup) (void);
    void (*round) (void);
} paths[] = {
  {"send", tcp_setup, send_round},
  {"receive", tcp_setup, receive_round},
  {"round-trip", ask_setup, ask_round},
  {"multipart", parts_setup, parts_round},
  {"publish-16", publish_setup, publish_round},
  {"inproc", inproc_setup, both_round},
  {"poll", poll_setup, poll_round},
  {"routed-10", routed_few_setup, routed_round},
  {"routed-1000", routed_many_setup, routed_round},
  {"topics-6", topics_few_setup, topics_round},
  {"topics-100000", topics_many_setup, topics_round},
};

int main (int argc, char **argv)
{
    if (argc != 3) {
        fprintf (stderr, "usage: paths LIBRARY PATH\n");
        return 2;
    }
    load (argv[1]);
    *(void **) &measure_begin = dlsym (RTLD_DEFAULT, "steady_begin");
    *(void **) &measure_end = dlsym (RTLD_DEFAULT, "steady_end");
    check (measure_begin && measure_end, "steady.c is not preloaded");
    context = zmq.ctx_new ();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (strcmp (paths[i].name, argv[2]) != 0)
            continue;
        paths[i].setup ();
        for (int round = 0; round < WARM_UP + ROUNDS; round++) {
            measured = round >= WARM_UP;
            paths[i].round ();
        }
        printf ("%d\n", ROUNDS * BATCH);
        fflush (stdout);
        _Exit (0); /* how it ends is not looked at */
    }
    fprintf (stderr, "no such path: %s\n", argv[2]);
    return 2;
}
