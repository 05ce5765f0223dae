/* Many connections to one ROUTER: `greet HOST PORT COUNT`.
 *
 * Plain TCP sockets that speak just enough ZMTP 3.0 (RFC 23, NULL mechanism) to be DEALERs. When the window opens: connect
 * COUNT times, shake hands on each, send one message on each, wait until each was sent back. Says the seconds from
 * the first connect to the last answer, and keeps the connections open until it is ended. In C, and the same for every
 * library, so that what differs between measurements is the ROUTER. Speaks the workers' language of harness/channel.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum
{
    GREETING_SIZE = 64,
    EVENTS = 64
};

static const char hello[] = "\0\x0dhello, router";                       /* a short last frame of 13 bytes */
static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06" /* a command of 28 bytes */
                            "DEALER";

enum
{
    READY_SIZE = sizeof ready - 1,
    HELLO_SIZE = sizeof hello - 1
};

struct connection
{
    int fd;
    unsigned received; /* bytes */
    unsigned char seen[512];
};

static void fail (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, strerror (errno));
    exit (1);
}

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void send_all (int fd, const void *data, size_t size)
{
    if (send (fd, data, size, MSG_NOSIGNAL) != (ssize_t) size)
        fail ("send");
}

static void open_connection (struct connection *connection, const struct sockaddr_in *address)
{
    static char greeting[GREETING_SIZE] = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL";
    const int on = 1;
    connection->fd = socket (AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 || connect (connection->fd, (const struct sockaddr *) address, sizeof *address) != 0)
        fail ("connect");
    setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_all (connection->fd, greeting, sizeof greeting);
}

/* Reads what is there and moves on; 1 when the answer is complete. */
static int advance (struct connection *connection)
{
    const unsigned before = connection->received;
    const ssize_t got = recv (connection->fd, connection->seen + before, sizeof connection->seen - before, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        fail ("the ROUTER closed a connection");
    connection->received += (unsigned) got;
    if (before < GREETING_SIZE && connection->received >= GREETING_SIZE) {
        char both[READY_SIZE + HELLO_SIZE]; /* one segment */
        memcpy (both, ready, READY_SIZE);
        memcpy (both + READY_SIZE, hello, HELLO_SIZE);
        send_all (connection->fd, both, sizeof both);
    }
    return connection->received >= GREETING_SIZE + HELLO_SIZE &&
           memcmp (connection->seen + connection->received - HELLO_SIZE, hello, HELLO_SIZE) == 0;
}

int main (int argc, char **argv)
{
    if (argc != 4) {
        fprintf (stderr, "usage: greet HOST PORT COUNT\n");
        return 2;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons ((unsigned short) atoi (argv[2]))};
    const int count = atoi (argv[3]), poll = epoll_create1 (0);
    struct connection *connections = calloc ((size_t) count, sizeof *connections);
    if (inet_pton (AF_INET, argv[1], &address.sin_addr) != 1 || poll < 0 || !connections)
        fail ("set-up");
    printf ("{\"ready\": {}}\n");
    fflush (stdout);
    double start, stop;
    if (scanf (" [ %lf , %lf ]", &start, &stop) != 2)
        fail ("window");
    while (now () < start)
        usleep (100);
    const double began = now ();
    for (int i = 0; i < count; i++) {
        open_connection (&connections[i], &address);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        if (epoll_ctl (poll, EPOLL_CTL_ADD, connections[i].fd, &event) != 0)
            fail ("epoll_ctl");
    }
    for (int answered = 0; answered < count;) {
        struct epoll_event events[EVENTS];
        const int found = epoll_wait (poll, events, EVENTS, -1);
        for (int i = 0; i < found; i++)
            answered += advance (events[i].data.ptr);
    }
    printf ("{\"result\": {\"count\": 1, \"elapsed\": %.9f}}\n", now () - began);
    fflush (stdout);
    for (;;)
        pause ();
}
