// What one strand asks of another, since no thread may hold both.
#pragma once

#include <cstdint>

namespace engine {

// What commands are about: the channel that joins the two. Who sends commands knows its class (core/inproc.hpp).
class CommandChannel
{
  protected:
    ~CommandChannel () = default;
};

struct Command
{
    enum class What : std::uint8_t
    {
        attach,   // a connect to one of this socket's names: end `side` of the channel is ours
        activity  // the other end of a channel wrote, read or left
    };
    What what;
    std::uint8_t side;
    std::uint64_t binding;    // attach: which name was meant
    CommandChannel *channel;  // carries one reference
};

}  // namespace engine
