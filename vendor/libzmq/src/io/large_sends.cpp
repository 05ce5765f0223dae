#include "io/large_sends.hpp"

#include "io/network_pipe.hpp"
#include "io/stream.hpp"

namespace engine {

bool LargeSends::own_output (const void *begin) noexcept
{
    bool all = true;
    for (const auto &stream : socket_.streams ())
        all &= stream->own_output ();
    // Queues of peers that are not connected (now) hold it as well.
    for (const auto &pipe : socket_.pipes ())
        all &= pipe->own_outbound (begin);
    return all;
}

void LargeSends::drop_output () noexcept
{
    for (const auto &pipe : socket_.pipes ())
        if (pipe->outbound_messages () > 0 || (pipe->stream && pipe->stream->output_pending ()))
            pipe->terminate ();
}

bool LargeSends::congested () const noexcept
{
    for (const auto &stream : socket_.streams ())
        if (stream->congested ())
            return true;
    return false;
}

void LargeSends::stop_helping (Nanoseconds since) noexcept
{
    for (const auto &stream : socket_.streams ())
        stream->give_up_helping (since);
}

}  // namespace engine
