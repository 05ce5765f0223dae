// The options of a context: what zmq_ctx_set stores and zmq_ctx_get returns. A plain value; the context's lock guards it. Most are
// looked at when the first socket is made (then threads start) or when a socket is made.
#pragma once

#include <climits>
#include <cstddef>
#include <string>
#include <vector>

namespace engine {

struct ContextOptions
{
    static constexpr int socket_limit = 65535;  // the largest max_sockets that is of use

    int io_threads = 1;
    int max_sockets = 1023;
    int thread_priority = -1;      // -1: untouched
    int thread_sched_policy = -1;  // -1: untouched
    std::vector<int> thread_affinity_cpus;
    std::string thread_name_prefix;
    int max_msgsz = INT_MAX;  // bytes; stored only, as in libzmq
    bool zero_copy_recv = true;
    bool ipv6 = false;
    bool blocky = true;

    // zmq_ext.h
    int spin_us = 50;
    bool attend = true;
    int poller = 0;  // 0 epoll, 1 poll(2), which implies attend = false
};

// The defaults, as the environment variable ZMQ_EXT_POLLER changes them.
ContextOptions make_context_options ();

// zmq_ctx_set, zmq_ctx_get: 0, or EINVAL (nothing has changed then), ENOMEM.
int set_context_option (ContextOptions &options, int option, int value) noexcept;
int get_context_option (const ContextOptions &options, int option, int &value) noexcept;

// zmq_ctx_set_ext, zmq_ctx_get_ext: an int, or for ZMQ_THREAD_NAME_PREFIX text. The buffer of get must have an int's size, or hold
// the text, which is not terminated; *size is left alone.
int set_context_option (ContextOptions &options, int option, const void *value, std::size_t size) noexcept;
int get_context_option (const ContextOptions &options, int option, void *value, const std::size_t *size) noexcept;

}  // namespace engine
