// Context options: defaults, ranges, the number that means two things, text forms.
#include "options/context_options.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "zmq_ext.h"

using namespace engine;

namespace {

int get (const ContextOptions &options, int option)
{
    int value = -12345;
    CAPTURE (option);
    CHECK (get_context_option (options, option, value) == 0);
    return value;
}

}  // namespace

TEST_CASE ("context options: defaults and ranges")
{
    struct Case
    {
        int option, initial, lowest, highest;
    };
    const Case cases[] = {{ZMQ_IO_THREADS, 1, 0, INT_MAX},
                          {ZMQ_MAX_SOCKETS, 1023, 1, INT_MAX},
                          {ZMQ_THREAD_SCHED_POLICY, -1, 0, INT_MAX},
                          {ZMQ_MAX_MSGSZ, INT_MAX, 0, INT_MAX},
                          {ZMQ_EXT_SPIN_US, 50, 0, INT_MAX},
                          {ZMQ_EXT_ATTEND, 1, 0, 1},
                          {ZMQ_EXT_POLLER, 0, 0, 1}};
    for (const Case &c : cases) {
        CAPTURE (c.option);
        ContextOptions options;
        CHECK (get (options, c.option) == c.initial);
        for (const int value : {c.lowest, c.highest}) {
            CHECK (set_context_option (options, c.option, value) == 0);
            CHECK (get (options, c.option) == value);
        }
        CHECK (set_context_option (options, c.option, c.lowest - 1) == EINVAL);
        CHECK (set_context_option (options, c.option, INT_MIN) == EINVAL);
        if (c.highest < INT_MAX)
            CHECK (set_context_option (options, c.option, c.highest + 1) == EINVAL);
        CHECK (get (options, c.option) == c.highest);
    }
    for (const int option : {ZMQ_IPV6, ZMQ_BLOCKY, ZMQ_ZERO_COPY_RECV}) {
        ContextOptions options;
        CHECK (get (options, option) == (option != ZMQ_IPV6));
        CHECK (set_context_option (options, option, 7) == 0);
        CHECK (get (options, option) == 1);
        CHECK (set_context_option (options, option, 0) == 0);
        CHECK (get (options, option) == 0);
        CHECK (set_context_option (options, option, -1) == EINVAL);
    }
}

TEST_CASE ("number 3 is THREAD_PRIORITY to set and SOCKET_LIMIT to get")
{
    ContextOptions options;
    CHECK (get (options, ZMQ_SOCKET_LIMIT) == 65535);
    CHECK (set_context_option (options, ZMQ_THREAD_PRIORITY, 4) == 0);
    CHECK (set_context_option (options, ZMQ_THREAD_PRIORITY, -1) == EINVAL);
    CHECK (options.thread_priority == 4);
    CHECK (get (options, ZMQ_SOCKET_LIMIT) == 65535);
}

TEST_CASE ("context options that are read only, set only or unknown")
{
    ContextOptions options;
    int value = 0;
    CHECK (get (options, ZMQ_MSG_T_SIZE) == 64);
    CHECK (set_context_option (options, ZMQ_MSG_T_SIZE, 0) == EINVAL);
    CHECK (set_context_option (options, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 2) == EINVAL);
    CHECK (set_context_option (options, ZMQ_THREAD_AFFINITY_CPU_ADD, 2) == 0);
    CHECK (set_context_option (options, ZMQ_THREAD_AFFINITY_CPU_ADD, 2) == 0);
    CHECK (options.thread_affinity_cpus.size () == 1);
    CHECK (set_context_option (options, ZMQ_THREAD_AFFINITY_CPU_ADD, -1) == EINVAL);
    CHECK (get_context_option (options, ZMQ_THREAD_AFFINITY_CPU_ADD, value) == EINVAL);
    CHECK (set_context_option (options, ZMQ_THREAD_AFFINITY_CPU_REMOVE, 2) == 0);
    CHECK (options.thread_affinity_cpus.empty ());
    for (const int option : {0, -1, 11, 43, 69, INT_MAX, INT_MIN}) {
        CHECK (set_context_option (options, option, 1) == EINVAL);
        CHECK (get_context_option (options, option, value) == EINVAL);
    }
}

TEST_CASE ("THREAD_NAME_PREFIX is a number or text")
{
    ContextOptions options;
    CHECK (get (options, ZMQ_THREAD_NAME_PREFIX) == 0);
    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, -42) == 0);
    CHECK (options.thread_name_prefix == "-42");
    CHECK (get (options, ZMQ_THREAD_NAME_PREFIX) == -42);

    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, "four", 4) == 0);
    CHECK (options.thread_name_prefix == "four");
    CHECK (get (options, ZMQ_THREAD_NAME_PREFIX) == 0);
    char buffer[8] = {'.', '.', '.', '.', '.', '.', '.', '.'};
    std::size_t size = 3;
    CHECK (get_context_option (options, ZMQ_THREAD_NAME_PREFIX, buffer, &size) == EINVAL);
    size = 6;
    CHECK (get_context_option (options, ZMQ_THREAD_NAME_PREFIX, buffer, &size) == 0);
    CHECK (std::string (buffer, 8) == "four....");
    CHECK (size == 6);
    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, "sixteen letters.", 16) == 0);
    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, "seventeen letters", 17) == EINVAL);
    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, "", 0) == EINVAL);
    CHECK (set_context_option (options, ZMQ_THREAD_NAME_PREFIX, nullptr, 2) == EINVAL);
    CHECK (options.thread_name_prefix == "sixteen letters.");
}

TEST_CASE ("the _ext forms take an int of exactly its size")
{
    ContextOptions options;
    int value = 3;
    CHECK (set_context_option (options, ZMQ_IO_THREADS, &value, sizeof value) == 0);
    CHECK (options.io_threads == 3);
    CHECK (set_context_option (options, ZMQ_IO_THREADS, &value, 3) == EINVAL);
    CHECK (set_context_option (options, ZMQ_IO_THREADS, nullptr, 4) == EINVAL);
    value = -1;
    CHECK (set_context_option (options, ZMQ_IO_THREADS, &value, sizeof value) == EINVAL);
    std::size_t size = sizeof value;
    CHECK (get_context_option (options, ZMQ_IO_THREADS, &value, &size) == 0);
    CHECK (value == 3);
    CHECK (get_context_option (options, 0, &value, &size) == EINVAL);
    CHECK (get_context_option (options, ZMQ_IO_THREADS, nullptr, &size) == EINVAL);
    CHECK (get_context_option (options, ZMQ_IO_THREADS, &value, nullptr) == EINVAL);
    size = 8;
    CHECK (get_context_option (options, ZMQ_IO_THREADS, &value, &size) == EINVAL);
}

TEST_CASE ("the environment chooses the poller of new contexts")
{
    const char *const before = std::getenv ("ZMQ_EXT_POLLER");
    const std::string saved = before ? before : "";
    unsetenv ("ZMQ_EXT_POLLER");
    CHECK (make_context_options ().poller == 0);
    setenv ("ZMQ_EXT_POLLER", "poll", 1);
    CHECK (make_context_options ().poller == 1);
    setenv ("ZMQ_EXT_POLLER", "else", 1);
    CHECK (make_context_options ().poller == 0);
    if (before)
        setenv ("ZMQ_EXT_POLLER", saved.c_str (), 1);
    else
        unsetenv ("ZMQ_EXT_POLLER");
}
