/* zmq_utils.h - kept for programs that include it: everything that was ever declared here is in zmq.h. */
#ifndef ZMQ_UTILS_H_INCLUDED
#define ZMQ_UTILS_H_INCLUDED

#include "zmq.h"

#endif
