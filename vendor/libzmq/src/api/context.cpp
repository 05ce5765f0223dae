// zmq_ctx_*: contexts. Man pages zmq_ctx_new(3) and following.
#include "core/context.hpp"
#include "api/handles.hpp"
#include "message/backlog.hpp"

using namespace engine;

void *zmq_ctx_new (void)
{
    return guarded (static_cast<void *> (nullptr), [] { return static_cast<void *> (new Context); });
}

int zmq_ctx_term (void *context_)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    if (context->foreign ())
        return 0;  // the parent's: its threads and sockets are not here; nothing of it is touched
    if (const int error = context->wait_for_end ())
        return fail (error);
    delete context;
    Backlog::collect ();
    return 0;
}

int zmq_ctx_shutdown (void *context_)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    if (!context->foreign ())
        context->shutdown ();
    return 0;
}

int zmq_ctx_set (void *context_, int option, int value)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    return context->foreign () ? fail (EFAULT) : result (context->set_option (option, value));
}

int zmq_ctx_get (void *context_, int option)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    if (context->foreign ())
        return fail (EFAULT);
    int value = 0;
    const int error = context->get_option (option, value);
    return error ? fail (error) : value;
}

int zmq_ctx_set_ext (void *context_, int option, const void *value, size_t size)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    return context->foreign () ? fail (EFAULT) : result (context->set_option (option, value, size));
}

int zmq_ctx_get_ext (void *context_, int option, void *value, size_t *size)
{
    Context *const context = context_of (context_);
    if (!context)
        return -1;
    if (context->foreign ())
        return fail (EFAULT);
    if (!value || !size)
        return fail (EINVAL);
    return result (context->get_option (option, value, size));
}

void *zmq_init (int io_threads)
{
    if (io_threads < 0) {
        errno = EINVAL;
        return nullptr;
    }
    void *const context = zmq_ctx_new ();
    if (context)
        zmq_ctx_set (context, ZMQ_IO_THREADS, io_threads);
    return context;
}

int zmq_term (void *context) { return zmq_ctx_term (context); }

int zmq_ctx_destroy (void *context) { return zmq_ctx_term (context); }
