// The table of context options.
#include "options/context_options.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/errors.hpp"
#include "base/option_value.hpp"
#include "zmq_ext.h"

namespace engine {

namespace {

constexpr std::size_t longest_prefix = 16;

struct Row
{
    int number;
    int min, max;  // of what may be set
    // Null: cannot be set, cannot be read. `set` gets values within the range.
    int (*set) (ContextOptions &options, int value);
    int (*get) (const ContextOptions &options);
};

template <auto Field>
int set_field (ContextOptions &options, int value)
{
    options.*Field = static_cast<std::remove_reference_t<decltype (options.*Field)>> (value);
    return 0;
}

template <auto Field>
int get_field (const ContextOptions &options)
{
    return options.*Field;
}

int add_cpu (ContextOptions &options, int cpu)
{
    auto &cpus = options.thread_affinity_cpus;
    if (std::find (cpus.begin (), cpus.end (), cpu) == cpus.end ())
        cpus.push_back (cpu);
    return 0;
}

int remove_cpu (ContextOptions &options, int cpu) { return std::erase (options.thread_affinity_cpus, cpu) ? 0 : EINVAL; }

int set_prefix (ContextOptions &options, int number)
{
    options.thread_name_prefix = std::to_string (number);
    return 0;
}

int get_prefix (const ContextOptions &options) { return std::atoi (options.thread_name_prefix.c_str ()); }

using C = ContextOptions;

// SOCKET_LIMIT (read) and THREAD_PRIORITY (set) have the same number.
static_assert (ZMQ_SOCKET_LIMIT == ZMQ_THREAD_PRIORITY);

constexpr Row rows[] = {
  {ZMQ_IO_THREADS, 0, INT_MAX, set_field<&C::io_threads>, get_field<&C::io_threads>},
  {ZMQ_MAX_SOCKETS, 1, INT_MAX, set_field<&C::max_sockets>, get_field<&C::max_sockets>},
  {ZMQ_THREAD_PRIORITY, 0, INT_MAX, set_field<&C::thread_priority>, [] (const C &) { return C::socket_limit; }},
  {ZMQ_THREAD_SCHED_POLICY, 0, INT_MAX, set_field<&C::thread_sched_policy>, get_field<&C::thread_sched_policy>},
  {ZMQ_MAX_MSGSZ, 0, INT_MAX, set_field<&C::max_msgsz>, get_field<&C::max_msgsz>},
  {ZMQ_MSG_T_SIZE, 0, 0, nullptr, [] (const C &) { return static_cast<int> (sizeof (zmq_msg_t)); }},
  {ZMQ_THREAD_AFFINITY_CPU_ADD, 0, INT_MAX, add_cpu, nullptr},
  {ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0, INT_MAX, remove_cpu, nullptr},
  {ZMQ_THREAD_NAME_PREFIX, INT_MIN, INT_MAX, set_prefix, get_prefix},
  {ZMQ_ZERO_COPY_RECV, 0, INT_MAX, set_field<&C::zero_copy_recv>, get_field<&C::zero_copy_recv>},
  {ZMQ_IPV6, 0, INT_MAX, set_field<&C::ipv6>, get_field<&C::ipv6>},
  {ZMQ_BLOCKY, 0, INT_MAX, set_field<&C::blocky>, get_field<&C::blocky>},
  {ZMQ_EXT_SPIN_US, 0, INT_MAX, set_field<&C::spin_us>, get_field<&C::spin_us>},
  {ZMQ_EXT_ATTEND, 0, 1, set_field<&C::attend>, get_field<&C::attend>},
  {ZMQ_EXT_POLLER, 0, 1, set_field<&C::poller>, get_field<&C::poller>},
};

const Row *find (int number) noexcept
{
    const auto *const row = std::find_if (std::begin (rows), std::end (rows), [&] (const Row &r) { return r.number == number; });
    return row == std::end (rows) ? nullptr : row;
}

}  // namespace

ContextOptions make_context_options ()
{
    ContextOptions options;
    const char *const poller = std::getenv ("ZMQ_EXT_POLLER");
    if (poller && std::string_view (poller) == "poll")
        options.poller = 1;
    return options;
}

int set_context_option (ContextOptions &options, int option, int value) noexcept
{
    const Row *const row = find (option);
    if (!row || !row->set || value < row->min || value > row->max)
        return EINVAL;
    try {
        return row->set (options, value);
    } catch (...) {
        return current_exception_error ();
    }
}

int get_context_option (const ContextOptions &options, int option, int &value) noexcept
{
    const Row *const row = find (option);
    if (!row || !row->get)
        return EINVAL;
    value = row->get (options);
    return 0;
}

int set_context_option (ContextOptions &options, int option, const void *value, std::size_t size) noexcept
{
    if (option == ZMQ_THREAD_NAME_PREFIX) {
        if (!value || size == 0 || size > longest_prefix)
            return EINVAL;
        try {
            options.thread_name_prefix.assign (static_cast<const char *> (value), size);
            return 0;
        } catch (...) {
            return current_exception_error ();
        }
    }
    int number = 0;
    if (const int error = read_number (value, size, number))
        return error;
    return set_context_option (options, option, number);
}

int get_context_option (const ContextOptions &options, int option, void *value, const std::size_t *size) noexcept
{
    if (!value || !size)
        return EINVAL;
    if (option == ZMQ_THREAD_NAME_PREFIX) {
        const std::string &prefix = options.thread_name_prefix;
        if (*size < prefix.size ())
            return EINVAL;
        std::memcpy (value, prefix.data (), prefix.size ());
        return 0;
    }
    int number = 0;
    if (*size != sizeof number)
        return EINVAL;
    if (const int error = get_context_option (options, option, number))
        return error;
    std::memcpy (value, &number, sizeof number);
    return 0;
}

}  // namespace engine
