// engine.cpp - see engine.hpp.
#include "engine.hpp"

#include <dlfcn.h>

namespace conf {

void *find_symbol (const char *name) { return dlsym (RTLD_DEFAULT, name); }

bool ours ()
{
    static const bool found = find_symbol ("zmq_ext_version") != nullptr;
    return found;
}

}  // namespace conf
