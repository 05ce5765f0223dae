// Far bodies of messages: own allocations, the caller's memory, and group names that do not fit inside. See msg.hpp.
#include "message/msg.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <utility>

#include "message/released.hpp"

namespace engine {

// Memory of the application, given back by its own function.
struct ExternalContent final : Content
{
    void *data = nullptr;
    FreeFunction free_function = nullptr;
    void *hint = nullptr;
    ExternalContent *before = nullptr;  // in a Released
};

namespace {

// Header and bytes in one allocation.
void dispose_block (Content *self) noexcept
{
    self->~Content ();
    ::operator delete (self);
}

Content *make_block (std::size_t size) noexcept
{
    if (size > std::numeric_limits<std::size_t>::max () - sizeof (Content))
        return nullptr;
    void *memory = ::operator new (sizeof (Content) + size, std::nothrow);
    if (!memory)
        return nullptr;
    auto *content = new (memory) Content;
    content->dispose = dispose_block;
    return content;
}

std::uint8_t *block_bytes (Content *content) noexcept { return reinterpret_cast<std::uint8_t *> (content + 1); }

void free_external (ExternalContent *external) noexcept
{
    const ExternalContent *const facts = external;
    const FreeFunction free_function = facts->free_function;
    void *const data = facts->data;
    void *const hint = facts->hint;
    delete external;
    free_function (data, hint);
}

void dispose_at_once (Content *self) noexcept { free_external (static_cast<ExternalContent *> (self)); }

void dispose_without_lock (Content *self) noexcept
{
    auto *external = static_cast<ExternalContent *> (self);
    if (Released *const collector = Released::here ())
        collector->add (*external);
    else
        free_external (external);
}

// group_ of a long group: a pointer to one of these, the text behind it, then a NUL.
struct LongGroup
{
    std::atomic<std::uint32_t> references{1};
    char *text () noexcept { return reinterpret_cast<char *> (this + 1); }
};

LongGroup *long_group (const char *field) noexcept
{
    LongGroup *group;
    std::memcpy (&group, field, sizeof group);
    return group;
}

void release_group (LongGroup *group) noexcept
{
    if (group->references.fetch_sub (1, std::memory_order_acq_rel) == 1) {
        group->~LongGroup ();
        ::operator delete (group);
    }
}

}  // namespace

int Msg::init_size (std::size_t size) noexcept
{
    init ();
    if (size <= inline_capacity) {
        size_ = static_cast<std::uint8_t> (size);
        return 0;
    }
    Content *content = make_block (size);
    if (!content)
        return ENOMEM;
    init_slice (content, block_bytes (content), size);
    return 0;
}

int Msg::init_copy (const void *source, std::size_t size) noexcept
{
    if (const int error = init_size (size))
        return error;
    if (size > 0)
        std::memcpy (data (), source, size);
    return 0;
}

int Msg::init_external (void *source, std::size_t size, FreeFunction free_function, void *hint, FreeWhen when) noexcept
{
    if (!free_function) {
        init_constant (source, size);
        return 0;
    }
    init ();
    auto *content = new (std::nothrow) ExternalContent;
    if (!content)
        return ENOMEM;
    content->dispose = when == FreeWhen::at_once ? dispose_at_once : dispose_without_lock;
    content->data = source;
    content->free_function = free_function;
    content->hint = hint;
    init_slice (content, static_cast<std::uint8_t *> (source), size);
    return 0;
}

int Msg::copy_borrowed () noexcept
{
    Msg copy;
    if (const int error = copy.init_copy (body_.far.data, body_.far.size))
        return error;
    std::memcpy (&body_, &copy.body_, sizeof body_);
    size_ = copy.size_;
    storage_ = copy.storage_;
    copy.init ();
    return 0;
}

void Msg::init_borrowed (Storage storage, const void *source, std::size_t size) noexcept
{
    init ();
    storage_ = storage;
    body_.far.data = static_cast<std::uint8_t *> (const_cast<void *> (source));
    body_.far.size = size;
    body_.far.content = nullptr;
}

void Msg::init_slice (Content *content, std::uint8_t *bytes, std::size_t size) noexcept
{
    init ();
    storage_ = Storage::counted;
    body_.far.data = bytes;
    body_.far.size = size;
    body_.far.content = content;
}

void Msg::destroy_far () noexcept
{
    if (storage_ == Storage::counted)
        body_.far.content->release ();
    if (metadata_)
        metadata_release (std::exchange (metadata_, nullptr));
    if (flags_ & flag_long_group) {
        release_group (long_group (group_));
        flags_ = static_cast<std::uint8_t> (flags_ & ~flag_long_group);
    }
}

int Msg::copy_from (const Msg &source) noexcept
{
    if (this == &source)
        return 0;
    // Sharing a body marks both, though nothing else about the source changes.
    auto &original = const_cast<Msg &> (source);
    if (source.storage_ == Storage::counted) {
        source.body_.far.content->acquire ();
        original.flags_ |= flag_shared;
    }
    if (source.metadata_)
        metadata_acquire (source.metadata_);
    if (source.flags_ & flag_long_group)
        long_group (source.group_)->references.fetch_add (1, std::memory_order_relaxed);
    destroy ();
    std::memcpy (static_cast<void *> (this), &source, sizeof *this);
    return 0;
}

const char *Msg::group () const noexcept { return flags_ & flag_long_group ? long_group (group_)->text () : group_; }

int Msg::set_group (std::string_view group) noexcept
{
    group = group.substr (0, std::min<std::size_t> (group.find ('\0'), 255));
    LongGroup *fresh = nullptr;
    if (group.size () > inline_group_capacity) {
        void *memory = ::operator new (sizeof (LongGroup) + group.size () + 1, std::nothrow);
        if (!memory)
            return ENOMEM;
        fresh = new (memory) LongGroup;
        std::memcpy (fresh->text (), group.data (), group.size ());
        fresh->text ()[group.size ()] = '\0';
    }
    char near[sizeof group_] = {};
    if (fresh)
        std::memcpy (near, &fresh, sizeof fresh);
    else if (!group.empty ())
        std::memcpy (near, group.data (), group.size ());
    if (flags_ & flag_long_group)
        release_group (long_group (group_));
    flags_ = static_cast<std::uint8_t> (fresh ? flags_ | flag_long_group : flags_ & ~flag_long_group);
    std::memcpy (group_, near, sizeof group_);
    return 0;
}

// ---- released.hpp ----

constinit thread_local Released *Released::collector = nullptr;

void Released::add (ExternalContent &content) noexcept { content.before = std::exchange (newest_, &content); }

void Released::take (Released &other) noexcept
{
    ExternalContent **oldest = &other.newest_;
    while (*oldest)
        oldest = &(*oldest)->before;
    *oldest = newest_;
    newest_ = std::exchange (other.newest_, nullptr);
}

void Released::run () noexcept
{
    const int error = errno;
    while (newest_) {
        ExternalContent *oldest_first = nullptr;
        for (ExternalContent *content = std::exchange (newest_, nullptr); content;) {
            ExternalContent *const before = std::exchange (content->before, oldest_first);
            oldest_first = std::exchange (content, before);
        }
        while (oldest_first)
            free_external (std::exchange (oldest_first, oldest_first->before));
    }
    errno = error;
}

}  // namespace engine
