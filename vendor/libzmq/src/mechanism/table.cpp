// The mechanisms this engine has. A new one is a file and a row here.
#include <zmq.h>

#include "mechanism/mechanism.hpp"
#include "mechanism/null.hpp"

namespace engine {

namespace {

constexpr MechanismRow table[] = {
  {ZMQ_NULL, "NULL", make_null},
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
