/* A program over czmq: an actor, sockets of every simple pattern, a loop with a timer, a poller, frames, ZAP by zauth with PLAIN and CURVE and
 * certificates, a monitor, a proxy, and, where an interface for broadcasts is named (ZSYS_INTERFACE), beacons. Prints the version of libzmq
 * that it runs on. */
#include <czmq.h>

static void check (bool right, const char *what)
{
    if (!right) {
        fprintf (stderr, "%s\n", what);
        exit (1);
    }
}

static void patient (void *socket)
{
    zsock_set_rcvtimeo (socket, 20000);
    zsock_set_sndtimeo (socket, 20000);
    zsock_set_linger (socket, 0);
}

/* Tells its pipe what it is told, until $TERM. */
static void echoing (zsock_t *pipe, void *args)
{
    zsock_signal (pipe, 0);
    while (true) {
        zmsg_t *message = zmsg_recv (pipe);
        if (!message)
            break;
        if (zmsg_size (message) == 1 && zframe_streq (zmsg_first (message), "$TERM")) {
            zmsg_destroy (&message);
            break;
        }
        zmsg_pushstr (message, (const char *) args);
        zmsg_send (&message, pipe);
    }
}

static void actor (void)
{
    zactor_t *self = zactor_new (echoing, (void *) "echo");
    for (int i = 0; i < 100; ++i) {
        char *first, *second, *third;
        zstr_sendx (self, "a", "part", NULL);
        check (zstr_recvx (self, &first, &second, &third, NULL) == 3, "three parts");
        check (streq (first, "echo") && streq (second, "a") && streq (third, "part"), "the actor's answer");
        zstr_free (&first), zstr_free (&second), zstr_free (&third);
    }
    zactor_destroy (&self);
}

static void patterns (void)
{
    zsock_t *rep = zsock_new_rep ("tcp://127.0.0.1:*"), *req = zsock_new_req (zsock_endpoint (rep));
    zsock_t *pub = zsock_new_xpub ("ipc://with_czmq.ipc"), *sub = zsock_new_sub ("ipc://with_czmq.ipc", "topic");
    zsock_t *pull = zsock_new_pull ("@inproc://work"), *push = zsock_new_push (">inproc://work");
    zsock_t *all[] = {rep, req, pub, sub, pull, push};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        patient (all[i]);

    int number = 0;
    char *text = NULL;
    zchunk_t *chunk = zchunk_new ("12345678", 8), *got = NULL;
    check (zsock_send (req, "isc", 42, "picture", chunk) == 0, "zsock_send");
    check (zsock_recv (rep, "isc", &number, &text, &got) == 0 && number == 42 && streq (text, "picture") && zchunk_size (got) == 8, "zsock_recv");
    zstr_free (&text), zchunk_destroy (&chunk), zchunk_destroy (&got);
    zstr_send (rep, "answer");
    text = zstr_recv (req);
    check (text && streq (text, "answer"), "the answer");
    zstr_free (&text);

    zframe_t *subscription = zframe_recv (pub);
    check (subscription && zframe_size (subscription) == 6 && zframe_data (subscription)[0] == 1, "the subscription");
    zframe_destroy (&subscription);
    zstr_sendx (pub, "other", "not this", NULL);
    zstr_sendx (pub, "topic", "this", NULL);
    zmsg_t *message = zmsg_recv (sub);
    check (message && zmsg_size (message) == 2 && zframe_streq (zmsg_last (message), "this"), "the publication");
    zmsg_destroy (&message);

    zpoller_t *poller = zpoller_new (rep, pull, NULL);
    check (!zpoller_wait (poller, 0) && zpoller_expired (poller), "nothing to poll");
    zsock_bsend (push, "1248s", 1, 2, (uint32_t) 4, (uint64_t) 8, "text");
    check (zpoller_wait (poller, 20000) == pull, "the poller");
    zpoller_destroy (&poller);
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    check (zsock_brecv (pull, "1248s", &one, &two, &four, &eight, &text) == 0 && one == 1 && two == 2 && four == 4 && eight == 8, "zsock_brecv");
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        zsock_destroy (&all[i]);
}

static int tick (zloop_t *loop, int timer, void *socket)
{
    (void) loop, (void) timer;
    return zstr_send (socket, "tick");
}

static int ticked (zloop_t *loop, zsock_t *reader, void *count)
{
    (void) loop;
    char *text = zstr_recv (reader);
    zstr_free (&text);
    return ++*(int *) count == 5 ? -1 : 0;
}

static void loop (void)
{
    zsock_t *left = zsock_new_pair ("@inproc://loop"), *right = zsock_new_pair (">inproc://loop");
    zloop_t *self = zloop_new ();
    int count = 0;
    zloop_timer (self, 5, 0, tick, left);
    zloop_reader (self, right, ticked, &count);
    zloop_start (self);
    check (count == 5, "the loop");
    zloop_destroy (&self);
    zsock_destroy (&left), zsock_destroy (&right);
}

static bool passes (zsock_t *server, zsock_t *client, int patience)
{
    zsock_set_rcvtimeo (server, patience);
    patient (client);
    check (zsock_bind (server, "tcp://127.0.0.1:*") > 0 && zsock_connect (client, "%s", zsock_endpoint (server)) == 0, "bind and connect");
    zsock_set_sndtimeo (client, patience);
    zstr_send (client, "secret");
    char *text = zstr_recv (server);
    const bool passed = text && streq (text, "secret");
    zstr_free (&text);
    zsock_destroy (&server), zsock_destroy (&client);
    return passed;
}

static void security (void)
{
    zactor_t *auth = zactor_new (zauth, NULL);
    zstr_sendx (auth, "ALLOW", "127.0.0.1", NULL);
    zsock_wait (auth);

    zfile_t *passwords = zfile_new (".", "passwords");
    zfile_output (passwords);
    fprintf (zfile_handle (passwords), "admin=secret\n");
    zfile_destroy (&passwords);
    zstr_sendx (auth, "PLAIN", "passwords", NULL);
    zsock_wait (auth);
    for (int right = 0; right < 2; ++right) {
        zsock_t *server = zsock_new (ZMQ_PULL), *client = zsock_new (ZMQ_PUSH);
        zsock_set_plain_server (server, 1);
        zsock_set_zap_domain (server, "global");
        zsock_set_plain_username (client, "admin");
        zsock_set_plain_password (client, right ? "secret" : "guess");
        check (passes (server, client, right ? 20000 : 300) == right, right ? "PLAIN refuses" : "PLAIN lets in");
    }

    zsys_dir_create ("certificates");
    zcert_t *server_cert = zcert_new (), *client_cert = zcert_new (), *stranger = zcert_new ();
    check (server_cert && client_cert && stranger, "certificates");
    zcert_save_public (client_cert, "certificates/client.txt");
    zstr_sendx (auth, "CURVE", "certificates", NULL);
    zsock_wait (auth);
    for (int right = 0; right < 2; ++right) {
        zsock_t *server = zsock_new (ZMQ_PULL), *client = zsock_new (ZMQ_PUSH);
        zcert_apply (server_cert, server);
        zsock_set_curve_server (server, 1);
        zsock_set_zap_domain (server, "global");
        zcert_apply (right ? client_cert : stranger, client);
        zsock_set_curve_serverkey (client, zcert_public_txt (server_cert));
        check (passes (server, client, right ? 20000 : 300) == right, right ? "CURVE refuses" : "CURVE lets in");
    }
    zcert_destroy (&server_cert), zcert_destroy (&client_cert), zcert_destroy (&stranger);
    zactor_destroy (&auth);
}

static void monitor (void)
{
    zsock_t *server = zsock_new (ZMQ_DEALER), *client;
    zactor_t *events = zactor_new (zmonitor, server);
    zstr_sendx (events, "LISTEN", "LISTENING", "ACCEPTED", NULL);
    zstr_send (events, "START");
    zsock_wait (events);
    zsock_bind (server, "tcp://127.0.0.1:*");
    client = zsock_new_dealer (zsock_endpoint (server));
    const char *expected[] = {"LISTENING", "ACCEPTED"};
    for (int i = 0; i < 2; ++i) {
        zmsg_t *message = zmsg_recv (events);
        check (message && zframe_streq (zmsg_first (message), expected[i]), expected[i]);
        zmsg_destroy (&message);
    }
    zactor_destroy (&events);
    zsock_destroy (&client), zsock_destroy (&server);
}

static void proxy (void)
{
    zactor_t *self = zactor_new (zproxy, NULL);
    zstr_sendx (self, "FRONTEND", "PULL", "inproc://frontend", NULL);
    zsock_wait (self);
    zstr_sendx (self, "BACKEND", "PUSH", "inproc://backend", NULL);
    zsock_wait (self);
    zsock_t *push = zsock_new_push (">inproc://frontend"), *pull = zsock_new_pull (">inproc://backend");
    patient (pull);
    for (int paused = 0; paused < 2; ++paused) {
        zstr_sendx (push, "through", "the proxy", NULL);
        char *first = NULL, *second = NULL;
        check (zstr_recvx (pull, &first, &second, NULL) == 2 && streq (second, "the proxy"), "the proxy");
        zstr_free (&first), zstr_free (&second);
        zstr_send (self, "PAUSE");
        zsock_wait (self);
        zstr_send (self, "RESUME");
        zsock_wait (self);
    }
    zsock_destroy (&push), zsock_destroy (&pull);
    zactor_destroy (&self);
}

static void beacons (void)
{
    zactor_t *speaker = zactor_new (zbeacon, NULL), *listener = zactor_new (zbeacon, NULL);
    zactor_t *both[] = {speaker, listener};
    for (int i = 0; i < 2; ++i) {
        zsock_send (both[i], "si", "CONFIGURE", 31415);
        char *host = zstr_recv (both[i]);
        check (host && *host, "no interface for beacons");
        zstr_free (&host);
    }
    zsock_send (listener, "sb", "SUBSCRIBE", "here", 4);
    zsock_send (speaker, "sbi", "PUBLISH", "here I am", 9, 50);
    zsock_set_rcvtimeo (listener, 20000);
    char *from = zstr_recv (listener);
    zframe_t *content = zframe_recv (listener);
    check (from && content && zframe_size (content) == 9, "the beacon");
    zstr_free (&from), zframe_destroy (&content);
    zactor_destroy (&speaker), zactor_destroy (&listener);
}

int main (void)
{
    int major, minor, patch;
    actor ();
    patterns ();
    loop ();
    security ();
    monitor ();
    proxy ();
    if (getenv ("ZSYS_INTERFACE"))
        beacons ();
    zsys_shutdown ();
    zmq_version (&major, &minor, &patch);
    printf ("%d.%d.%d\n", major, minor, patch);
    return 0;
}
