// engine.hpp - which engine runs under the tests, and the functions and constants that not every engine has.
// Owns: ours()/oracle(), look-up of draft functions by name, numbers of options the stable zmq.h does not define.
// Leaves to others: everything that talks to sockets (harness.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include <zmq.h>

namespace conf {

// True when the library is the engine this suite belongs to (it exports zmq_ext_version).
bool ours ();
// True when the library is another libzmq, Debian's 4.3.4 as a rule.
inline bool oracle () { return !ours (); }

// Address of an exported function of the library under test, nullptr when it does not export that name.
void *find_symbol (const char *name);

template <class Function>
Function *symbol (const char *name)
{
    return reinterpret_cast<Function *> (find_symbol (name));
}

// Options by number: the stable zmq.h leaves these names out.
inline constexpr int opt_zap_enforce_domain = 93;
inline constexpr int opt_metadata = 95;
inline constexpr int opt_router_notify = 97;
inline constexpr int opt_in_batch_size = 101;
inline constexpr int opt_only_first_subscribe = 108;
inline constexpr int opt_reconnect_stop = 109;
inline constexpr int opt_hello_msg = 110;
inline constexpr int opt_disconnect_msg = 111;
inline constexpr int opt_hiccup_msg = 114;
inline constexpr int opt_topics_count = 116;
inline constexpr int ctx_thread_name_prefix = 9;
inline constexpr int ctx_zero_copy_recv = 10;
// Options that only our engine has.
inline constexpr int opt_ext_max_message_size = 23044;
inline constexpr int opt_ext_max_message_parts = 23045;
inline constexpr int opt_ext_max_handshakes = 23046;
inline constexpr int ctx_ext_attend = 23042;

// Draft event record of zmq_poller_wait.
struct PollerEvent
{
    void *socket;
    int fd;
    void *user_data;
    short events;
};

}  // namespace conf
