/* Many connections to one ROUTER that echoes: `greet ENDPOINT COUNT`, ENDPOINT tcp://ADDRESS:PORT or ipc://PATH.
 *
 * Plain TCP sockets that speak just enough ZMTP 3.0 (RFC 23, NULL mechanism) to be DEALERs. When the window opens: connect
 * COUNT times, shake hands on each, send one message on each, wait until each was sent back. Says the seconds from
 * the first connect to the last answer. Keeps the connections open and does, line by line, what standard input asks for next:
 * `echo N` sends N messages through the connection in the middle, one after another, and says the seconds of the median round trip;
 * `close` ends all connections. Runs until it is ended. In C, and the same for every library, so that what differs between
 * measurements is the ROUTER. Speaks the workers' language of harness/channel.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
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

struct address
{
    union
    {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    };
    socklen_t size;
};

/* 1 when the text is an endpoint. */
static int parse (const char *endpoint, struct address *address)
{
    char host[64];
    unsigned short port;
    memset (address, 0, sizeof *address);
    if (sscanf (endpoint, "tcp://%63[^:]:%hu", host, &port) == 2) {
        address->in.sin_family = AF_INET;
        address->in.sin_port = htons (port);
        address->size = sizeof address->in;
        return inet_pton (AF_INET, host, &address->in.sin_addr) == 1;
    }
    address->un.sun_family = AF_UNIX;
    address->size = sizeof address->un;
    return sscanf (endpoint, "ipc://%107[^\n]", address->un.sun_path) == 1;
}

static void open_connection (struct connection *connection, const struct address *address)
{
    static char greeting[GREETING_SIZE] = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL";
    const int on = 1;
    connection->fd = socket (address->any.sa_family, SOCK_STREAM, 0);
    if (connection->fd < 0 || connect (connection->fd, &address->any, address->size) != 0)
        fail ("connect");
    if (address->any.sa_family == AF_INET)
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

static void greet_all (struct connection *connections, int count, const struct address *address)
{
    const int poll = epoll_create1 (0);
    if (poll < 0)
        fail ("epoll_create1");
    for (int i = 0; i < count; i++) {
        open_connection (&connections[i], address);
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
    close (poll);
}

static int compare (const void *left, const void *right)
{
    const double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

/* Seconds of the median round trip. */
static double echo (int fd, int count)
{
    double *took = calloc ((size_t) count, sizeof *took);
    if (!took)
        fail ("calloc");
    for (int i = 0; i < count; i++) {
        char answer[HELLO_SIZE];
        const double began = now ();
        send_all (fd, hello, HELLO_SIZE);
        if (recv (fd, answer, sizeof answer, MSG_WAITALL) != HELLO_SIZE)
            fail ("recv");
        took[i] = now () - began;
    }
    qsort (took, (size_t) count, sizeof *took, compare);
    const double median = took[count / 2];
    free (took);
    return median;
}

static void say (double elapsed)
{
    printf ("{\"result\": {\"count\": 1, \"elapsed\": %.9f}}\n", elapsed);
    fflush (stdout);
}

int main (int argc, char **argv)
{
    struct address address;
    if (argc != 3 || !parse (argv[1], &address)) {
        fprintf (stderr, "usage: greet ENDPOINT COUNT\n");
        return 2;
    }
    const int count = atoi (argv[2]);
    const struct rlimit limit = {(rlim_t) count + 64, (rlim_t) count + 64};
    struct rlimit had;
    if (getrlimit (RLIMIT_NOFILE, &had) == 0 && had.rlim_cur < limit.rlim_cur && setrlimit (RLIMIT_NOFILE, &limit) != 0)
        fail ("setrlimit");
    struct connection *connections = calloc ((size_t) count, sizeof *connections);
    if (!connections)
        fail ("calloc");
    printf ("{\"ready\": {}}\n");
    fflush (stdout);
    double start, stop;
    if (scanf (" [ %lf , %lf ]", &start, &stop) != 2)
        fail ("window");
    while (now () < start)
        usleep (100);
    double began = now ();
    greet_all (connections, count, &address);
    say (now () - began);
    char word[16];
    while (scanf ("%15s", word) == 1) {
        int times = 0;
        if (strcmp (word, "echo") == 0 && scanf ("%d", &times) == 1 && times > 0) {
            say (echo (connections[count / 2].fd, times));
        } else if (strcmp (word, "close") == 0) {
            began = now ();
            for (int i = 0; i < count; i++)
                close (connections[i].fd);
            say (now () - began);
        }
    }
    for (;;)
        pause ();
}
