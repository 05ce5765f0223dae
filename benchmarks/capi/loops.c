/* The C API's latency and throughput loops, on whichever libzmq.so the first argument names.
 *
 *   loops LIBRARY ROLE ENDPOINT SIZE
 *
 * ROLE: echo (REP) and ask (REQ), send (PUSH) and receive (PULL), in two processes; latency-inproc (PAIR) and
 * throughput-inproc (PUSH, PULL), two threads of one. Speaks the workers' language of harness/channel.py: a line of JSON
 * when ready, then, in the roles that count, a line with the window and a line with the result. The library is
 * loaded with dlopen so that one build measures every engine under the same compiler. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "library.h"

static size_t size;
static char *buffer;

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void say_ready (void *socket)
{
    char endpoint[512] = "";
    size_t length = sizeof endpoint;
    check (zmq.getsockopt (socket, OPTION_LAST_ENDPOINT, endpoint, &length) == 0, "zmq_getsockopt");
    printf ("{\"ready\": {\"endpoint\": \"%s\"}}\n", endpoint);
    fflush (stdout);
}

static void send_one (void *socket) { check (zmq.send (socket, buffer, size, 0) >= 0, "zmq_send"); }

static void receive_one (void *socket) { check (zmq.recv (socket, buffer, size, 0) == (int) size, "zmq_recv"); }

static void ask_one (void *socket)
{
    send_one (socket);
    receive_one (socket);
}

/* Runs step until the window closes, and counts from its opening on. */
static void count_steps (void (*step) (void *), void *socket, int batch)
{
    double start, stop;
    check (scanf (" [ %lf , %lf ]", &start, &stop) == 2, "window");
    while (now () < start)
        for (int i = 0; i < batch; i++)
            step (socket);
    const double began = now ();
    double moment = began;
    unsigned long long count = 0;
    do {
        for (int i = 0; i < batch; i++)
            step (socket);
        count += (unsigned) batch;
        moment = now ();
    } while (moment < stop);
    printf ("{\"result\": {\"count\": %llu, \"elapsed\": %.9f}}\n", count, moment - began);
    fflush (stdout);
}

/* The other thread of the inproc roles: its own buffer, or both threads would write to one. */
static void *echo_for_ever (void *socket)
{
    char *own = malloc (size + 1);
    check (own != NULL, "malloc");
    while (zmq.recv (socket, own, size, 0) == (int) size && zmq.send (socket, own, size, 0) >= 0)
        ;
    check (0, "echo");
    return NULL;
}

static void *send_for_ever (void *socket)
{
    char *own = calloc (1, size + 1);
    check (own != NULL, "calloc");
    while (zmq.send (socket, own, size, 0) >= 0)
        ;
    check (0, "zmq_send");
    return NULL;
}

int main (int argc, char **argv)
{
    if (argc != 5) {
        fprintf (stderr, "usage: loops LIBRARY ROLE ENDPOINT SIZE\n");
        return 2;
    }
    const char *role = argv[2], *endpoint = argv[3];
    size = strtoul (argv[4], NULL, 10);
    buffer = calloc (1, size + 1);
    load (argv[1]);
    void *context = zmq.ctx_new ();
    check (context != NULL && buffer != NULL, "zmq_ctx_new");
    const int batch = size > 100000 ? 2 : 50;
    pthread_t other;

    if (strcmp (role, "echo") == 0) {
        void *socket = bound (context, TYPE_REP, endpoint);
        say_ready (socket);
        echo_for_ever (socket);
    } else if (strcmp (role, "ask") == 0) {
        void *socket = connected (context, TYPE_REQ, endpoint);
        ask_one (socket);
        say_ready (socket);
        count_steps (ask_one, socket, batch);
    } else if (strcmp (role, "send") == 0) {
        void *socket = connected (context, TYPE_PUSH, endpoint);
        say_ready (socket);
        send_for_ever (socket);
    } else if (strcmp (role, "receive") == 0) {
        void *socket = bound (context, TYPE_PULL, endpoint);
        say_ready (socket);
        count_steps (receive_one, socket, batch);
    } else if (strcmp (role, "latency-inproc") == 0) {
        void *near = bound (context, TYPE_PAIR, endpoint), *far = connected (context, TYPE_PAIR, endpoint);
        check (pthread_create (&other, NULL, echo_for_ever, far) == 0, "pthread_create");
        ask_one (near);
        say_ready (near);
        count_steps (ask_one, near, batch);
    } else if (strcmp (role, "throughput-inproc") == 0) {
        void *pull = bound (context, TYPE_PULL, endpoint), *push = connected (context, TYPE_PUSH, endpoint);
        check (pthread_create (&other, NULL, send_for_ever, push) == 0, "pthread_create");
        say_ready (pull);
        count_steps (receive_one, pull, batch);
    } else {
        fprintf (stderr, "loops: no role %s\n", role);
        return 2;
    }
    _Exit (0);
}
