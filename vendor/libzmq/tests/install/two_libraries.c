/* A process with two libzmqs: the one it is linked with and one that it loads from the file named on the command line. They must be two,
 * and each must work on handles of its own: a request goes from a socket of the one to a socket of the other and back, each waits with its
 * own zmq_poll and its own poller, and each forwards with its own proxy. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

/* Upstream's looks its own functions up, and would find those of the library loaded before it. */
#if defined LOADS_UPSTREAM
#    define LOADING RTLD_DEEPBIND
#else
#    define LOADING 0
#endif

struct api
{
    void (*version) (int *, int *, int *);
    void *(*ctx_new) (void);
    int (*ctx_term) (void *);
    void *(*socket) (void *, int);
    int (*close) (void *);
    int (*setsockopt) (void *, int, const void *, size_t);
    int (*getsockopt) (void *, int, void *, size_t *);
    int (*bind) (void *, const char *);
    int (*connect) (void *, const char *);
    int (*send) (void *, const void *, size_t, int);
    int (*recv) (void *, void *, size_t, int);
    int (*poll) (zmq_pollitem_t *, int, long);
    int (*socket_monitor) (void *, const char *, int);
    int (*proxy_steerable) (void *, void *, void *, void *);
    void *(*threadstart) (zmq_thread_fn *, void *);
    void (*threadclose) (void *);
};

static const struct api linked = {
  zmq_version, zmq_ctx_new, zmq_ctx_term, zmq_socket, zmq_close,          zmq_setsockopt,      zmq_getsockopt,  zmq_bind,
  zmq_connect, zmq_send,    zmq_recv,     zmq_poll,   zmq_socket_monitor, zmq_proxy_steerable, zmq_threadstart, zmq_threadclose};

static void check (int right, const char *what)
{
    if (!right) {
        fprintf (stderr, "%s\n", what);
        exit (1);
    }
}

static struct api load (const char *file)
{
    struct api found;
    void *library = dlopen (file, RTLD_NOW | RTLD_LOCAL | LOADING);
    if (!library)
        fprintf (stderr, "%s\n", dlerror ());
    check (library != NULL, "cannot be loaded");
#define take(name) *(void **) &found.name = dlsym (library, "zmq_" #name)
    take (version), take (ctx_new), take (ctx_term), take (socket), take (close), take (setsockopt), take (getsockopt), take (bind);
    take (connect), take (send), take (recv), take (poll), take (socket_monitor), take (proxy_steerable);
    take (threadstart), take (threadclose);
#undef take
    return found;
}

static void *open_socket (const struct api *api, void *context, int type)
{
    const int linger = 0, patience = 20000;
    void *socket = api->socket (context, type);
    check (socket && !api->setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger) &&
             !api->setsockopt (socket, ZMQ_RCVTIMEO, &patience, sizeof patience),
           "no socket");
    return socket;
}

static void bind_and_connect (const struct api *binding, void *bound, const struct api *connecting, void *connected)
{
    char endpoint[64];
    size_t size = sizeof endpoint;
    check (!binding->bind (bound, "tcp://127.0.0.1:*") && !binding->getsockopt (bound, ZMQ_LAST_ENDPOINT, endpoint, &size) &&
             !connecting->connect (connected, endpoint),
           "not connected");
}

struct device
{
    const struct api *api;
    void *front, *back, *control;
};

static void forward (void *argument)
{
    const struct device *device = argument;
    check (!device->api->proxy_steerable (device->front, device->back, NULL, device->control), "the proxy failed");
}

/* A request from `client`'s library through a proxy of `server`'s to a REP there. */
static void exchange (const struct api *client, const struct api *server)
{
    char text[16];
    void *client_context = client->ctx_new (), *server_context = server->ctx_new ();
    void *req = open_socket (client, client_context, ZMQ_REQ), *rep = open_socket (server, server_context, ZMQ_REP);
    struct device device = {server, open_socket (server, server_context, ZMQ_ROUTER), open_socket (server, server_context, ZMQ_DEALER),
                            open_socket (server, server_context, ZMQ_PAIR)};
    void *steering = open_socket (server, server_context, ZMQ_PAIR), *events = open_socket (client, client_context, ZMQ_PAIR), *thread;
    zmq_pollitem_t item = {rep, 0, ZMQ_POLLIN, 0};

    check (!client->socket_monitor (req, "inproc://events", ZMQ_EVENT_CONNECTED) && !client->connect (events, "inproc://events"),
           "no monitor");
    check (!server->bind (device.control, "inproc://control") && !server->connect (steering, "inproc://control"), "no control");
    check (!server->bind (device.back, "inproc://back") && !server->connect (rep, "inproc://back"), "no backend");
    bind_and_connect (server, device.front, client, req);
    thread = server->threadstart (forward, &device);
    check (thread != NULL, "no thread");

    check (client->send (req, "question", 8, 0) == 8, "not sent");
    check (server->poll (&item, 1, 20000) == 1 && item.revents == ZMQ_POLLIN, "zmq_poll says nothing");
    check (server->recv (rep, text, sizeof text, 0) == 8 && !memcmp (text, "question", 8), "the question did not arrive");
    check (server->send (rep, "answer", 6, 0) == 6, "not answered");
    item.socket = req;
    check (client->poll (&item, 1, 20000) == 1, "zmq_poll says nothing of the answer");
    check (client->recv (req, text, sizeof text, 0) == 6 && !memcmp (text, "answer", 6), "the answer did not arrive");
    check (client->recv (events, text, sizeof text, 0) == 6, "the monitor said nothing");

    check (server->send (steering, "TERMINATE", 9, 0) == 9, "not told to end");
    server->threadclose (thread);
    client->socket_monitor (req, NULL, 0);
    client->close (req), client->close (events);
    server->close (rep), server->close (device.front), server->close (device.back), server->close (device.control),
      server->close (steering);
    check (!client->ctx_term (client_context) && !server->ctx_term (server_context), "a context does not end");
}

int main (int argc, char **argv)
{
    struct api loaded;
    int major, minor, patch;

    check (argc == 2, "usage: two_libraries LIBRARY");
    loaded = load (argv[1]);
    check (loaded.socket != linked.socket, "there is only one library");
    linked.version (&major, &minor, &patch);
    printf ("linked with %d.%d.%d", major, minor, patch);
    loaded.version (&major, &minor, &patch);
    printf (", loaded %d.%d.%d\n", major, minor, patch);
    exchange (&linked, &loaded);
    exchange (&loaded, &linked);
    return 0;
}
