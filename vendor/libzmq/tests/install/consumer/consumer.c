/* A program from outside: header and library must be of one version, and a message must work. */
#include <stdio.h>
#include <string.h>

#define ZMQ_BUILD_DRAFT_API
#include <zmq.h>

int main (void)
{
    int major, minor, patch;
    zmq_msg_t msg;

    zmq_version (&major, &minor, &patch);
    if (ZMQ_MAKE_VERSION (major, minor, patch) != ZMQ_VERSION) {
        fprintf (stderr, "header %d, library %d.%d.%d\n", ZMQ_VERSION, major, minor, patch);
        return 1;
    }
    if (zmq_msg_init_buffer (&msg, "hello", 5) || zmq_msg_size (&msg) != 5 || memcmp (zmq_msg_data (&msg), "hello", 5) ||
        zmq_msg_close (&msg))
        return 2;
    return 0;
}
