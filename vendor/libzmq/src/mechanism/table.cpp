// The mechanisms this engine has. A new one is a file and a row here.
#include <zmq.h>

#include "mechanism/curve.hpp"
#include "mechanism/mechanism.hpp"
#include "mechanism/null.hpp"
#include "mechanism/plain.hpp"

namespace engine {

namespace {

constexpr MechanismRow table[] = {
  {ZMQ_NULL, "NULL", make_null},
  {ZMQ_PLAIN, "PLAIN", make_plain},
#if defined ZMQ_HAVE_LIBSODIUM
  {ZMQ_CURVE, "CURVE", make_curve},
#endif
};

}  // namespace

std::span<const MechanismRow> mechanism_table () noexcept { return table; }

const MechanismRow *find_mechanism (int number) noexcept
{
    for (const MechanismRow &row : table)
        if (row.number == number)
            return &row;
    return nullptr;
}

}  // namespace engine
