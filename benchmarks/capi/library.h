/* A libzmq.so as a table of functions, loaded with dlopen so that one build of a program measures every engine under the same
 * compiler. Whatever fails ends the program with the reason on standard error. */
#pragma once

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
    TYPE_PAIR = 0,
    TYPE_PUB = 1,
    TYPE_SUB = 2,
    TYPE_REQ = 3,
    TYPE_REP = 4,
    TYPE_DEALER = 5,
    TYPE_ROUTER = 6,
    TYPE_PULL = 7,
    TYPE_PUSH = 8,
    OPTION_SUBSCRIBE = 6,
    OPTION_EVENTS = 15,
    OPTION_LINGER = 17,
    OPTION_LAST_ENDPOINT = 32,
    FLAG_MORE = 2,
    EVENT_IN = 1
};

/* As zmq_pollitem_t. */
struct poll_item
{
    void *socket;
    int fd;
    short events, revents;
};

static struct
{
    void *(*ctx_new) (void);
    void *(*socket) (void *, int);
    int (*bind) (void *, const char *);
    int (*connect) (void *, const char *);
    int (*getsockopt) (void *, int, void *, size_t *);
    int (*send) (void *, const void *, size_t, int);
    int (*recv) (void *, void *, size_t, int);
    int (*setsockopt) (void *, int, const void *, size_t);
    int (*poll) (struct poll_item *, int, long);
    int (*close) (void *);
    int (*ctx_term) (void *);
    int (*errnumber) (void);
    const char *(*strerror) (int);
} zmq;

static void check (int ok, const char *what)
{
    if (ok)
        return;
    fprintf (stderr, "%s: %s\n", what, zmq.strerror ? zmq.strerror (zmq.errnumber ()) : dlerror ());
    exit (1);
}

static void load (const char *path)
{
    void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
    check (library != NULL, path);
    const struct
    {
        const char *name;
        void *slot;
    } functions[] = {
      {"zmq_ctx_new", &zmq.ctx_new},   {"zmq_socket", &zmq.socket},         {"zmq_bind", &zmq.bind},
      {"zmq_connect", &zmq.connect},   {"zmq_getsockopt", &zmq.getsockopt}, {"zmq_send", &zmq.send},
      {"zmq_recv", &zmq.recv},         {"zmq_errno", &zmq.errnumber},       {"zmq_strerror", &zmq.strerror},
      {"zmq_close", &zmq.close},       {"zmq_poll", &zmq.poll},             {"zmq_setsockopt", &zmq.setsockopt},
      {"zmq_ctx_term", &zmq.ctx_term},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        /* The engine inside the Python package has names of its own: zmq_py_send for zmq_send. */
        char own_name[64];
        snprintf (own_name, sizeof own_name, "zmq_py_%s", functions[i].name + strlen ("zmq_"));
        void *found = dlsym (library, functions[i].name);
        if (found == NULL)
            found = dlsym (library, own_name);
        check (found != NULL, functions[i].name);
        memcpy (functions[i].slot, &found, sizeof found);
    }
}

static void *bound (void *context, int type, const char *endpoint)
{
    void *socket = zmq.socket (context, type);
    check (socket != NULL, "zmq_socket");
    check (zmq.bind (socket, endpoint) == 0, "zmq_bind");
    return socket;
}

static void *connected (void *context, int type, const char *endpoint)
{
    void *socket = zmq.socket (context, type);
    check (socket != NULL, "zmq_socket");
    check (zmq.connect (socket, endpoint) == 0, "zmq_connect");
    return socket;
}
