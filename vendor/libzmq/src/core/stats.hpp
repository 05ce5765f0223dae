// Counters of sockets (zmq_ext_stats_t): made ready to be given out, and added up.
#pragma once

#include <zmq_ext.h>

namespace engine {

// A socket counts the parts that others follow, and what was dropped by cause: makes all parts and the sum of them.
void complete (zmq_ext_stats_t &stats) noexcept;
void add (zmq_ext_stats_t &sum, const zmq_ext_stats_t &other) noexcept;

}  // namespace engine
