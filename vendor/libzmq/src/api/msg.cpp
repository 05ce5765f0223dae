// zmq_msg_*: the C functions over Msg, whose 64 bytes a zmq_msg_t is. Sending and receiving are with the sockets.
// A message that was never initialised, or was closed, is EFAULT where a function can say so; data and size of one are null and 0.
#include <climits>
#include <string_view>

#include "base/errors.hpp"
#include "message/metadata.hpp"
#include "message/msg.hpp"
#include "zmq.h"
#include "zmq_ext.h"

using namespace engine;

static_assert (sizeof (zmq_msg_t) == sizeof (Msg), "zmq_msg_t holds a Msg");
static_assert (alignof (zmq_msg_t) == alignof (Msg), "zmq_msg_t holds a Msg");

namespace {

Msg &part (zmq_msg_t *msg) noexcept { return *reinterpret_cast<Msg *> (msg); }
const Msg &part (const zmq_msg_t *msg) noexcept { return *reinterpret_cast<const Msg *> (msg); }
bool usable (const zmq_msg_t *msg) noexcept { return msg && part (msg).valid (); }

}  // namespace

int zmq_msg_init (zmq_msg_t *msg)
{
    if (!msg)
        return fail (EFAULT);
    part (msg).init ();
    return 0;
}

int zmq_msg_init_size (zmq_msg_t *msg, size_t size)
{
    if (!msg)
        return fail (EFAULT);
    return result (part (msg).init_size (size));
}

int zmq_msg_init_buffer (zmq_msg_t *msg, const void *data, size_t size)
{
    if (!msg || (!data && size))
        return fail (EFAULT);
    return result (part (msg).init_copy (data, size));
}

int zmq_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint)
{
    if (!msg || (!data && size))
        return fail (EFAULT);
    return result (part (msg).init_external (data, size, ffn, hint));
}

int zmq_ext_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn, void *hint)
{
    if (!msg || (!data && size))
        return fail (EFAULT);
    return result (part (msg).init_external (data, size, ffn, hint, FreeWhen::at_once));
}

int zmq_msg_close (zmq_msg_t *msg)
{
    if (!usable (msg))
        return fail (EFAULT);
    part (msg).close ();
    return 0;
}

int zmq_msg_move (zmq_msg_t *dest, zmq_msg_t *src)
{
    if (!usable (dest) || !usable (src))
        return fail (EFAULT);
    part (dest) = std::move (part (src));
    return 0;
}

int zmq_msg_copy (zmq_msg_t *dest, zmq_msg_t *src)
{
    if (!usable (dest) || !usable (src))
        return fail (EFAULT);
    return dest == src ? 0 : result (part (dest).copy_from (part (src)));
}

void *zmq_msg_data (zmq_msg_t *msg)
{
    if (usable (msg))
        return part (msg).data ();
    errno = EFAULT;
    return nullptr;
}

size_t zmq_msg_size (const zmq_msg_t *msg)
{
    if (usable (msg))
        return part (msg).size ();
    errno = EFAULT;
    return 0;
}

int zmq_msg_more (const zmq_msg_t *msg) { return zmq_msg_get (msg, ZMQ_MORE); }

int zmq_msg_get (const zmq_msg_t *msg, int property)
{
    if (!usable (msg))
        return fail (EFAULT);
    const Msg &message = part (msg);
    switch (property) {
    case ZMQ_MORE:
        return message.more ();
    case ZMQ_SHARED:
        return message.shared ();
    case ZMQ_SRCFD:
        if (message.metadata () && message.metadata ()->fd () >= 0)
            return message.metadata ()->fd ();
        return fail (EINVAL);
    default:
        return fail (EINVAL);
    }
}

int zmq_msg_set (zmq_msg_t *, int, int) { return fail (EINVAL); }

const char *zmq_msg_gets (const zmq_msg_t *msg, const char *property)
{
    if (!usable (msg)) {
        errno = EFAULT;
        return nullptr;
    }
    const Metadata *const metadata = part (msg).metadata ();
    const char *const value = metadata && property ? metadata->get (property) : nullptr;
    if (!value)
        errno = EINVAL;
    return value;
}

int zmq_msg_set_routing_id (zmq_msg_t *msg, uint32_t routing_id)
{
    if (!usable (msg))
        return fail (EFAULT);
    if (!routing_id)
        return fail (EINVAL);
    part (msg).set_routing_id (routing_id);
    return 0;
}

uint32_t zmq_msg_routing_id (zmq_msg_t *msg) { return usable (msg) ? part (msg).routing_id () : 0; }

int zmq_msg_set_group (zmq_msg_t *msg, const char *group)
{
    if (!usable (msg) || !group)
        return fail (EFAULT);
    return result (part (msg).set_group (group));
}

const char *zmq_msg_group (zmq_msg_t *msg) { return usable (msg) ? part (msg).group () : ""; }
