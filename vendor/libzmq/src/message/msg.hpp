// One message part (frame): the C++ face of zmq_msg_t, whose 64 bytes it occupies (zmq.h promises the size and alignment).
//
// A Msg owns its body. Bodies up to 33 bytes live inside; longer ones are a counted Content (own allocation, the caller's memory
// with a free function, or a slice of a read buffer), or memory that nobody frees: constant, or lent for the length of a call.
// Moving a Msg is a copy of 64 bytes; nothing points into it. This file knows nothing of sockets or of the wire.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace engine {

class Metadata;  // message/metadata.hpp: counted, immutable properties of the peer a message came from
void metadata_acquire (Metadata *metadata) noexcept;
void metadata_release (Metadata *metadata) noexcept;
void metadata_give_back (Metadata *metadata, const void *lender) noexcept;

// A counted block of bytes. `dispose` runs once, in whichever thread drops the last reference, and frees the Content too.
struct Content
{
    std::atomic<std::uint32_t> references{1};
    void (*dispose) (Content *self) noexcept = nullptr;

    void acquire () noexcept { references.fetch_add (1, std::memory_order_relaxed); }
    void release () noexcept
    {
        // A sole owner needs no atomic read-modify-write.
        if (references.load (std::memory_order_acquire) == 1 || references.fetch_sub (1, std::memory_order_acq_rel) == 1)
            dispose (this);
    }
};

// What a part is to the protocol. Only `data` parts reach an application as they are.
enum class Kind : std::uint8_t
{
    data,
    subscribe,  // body = topic
    cancel,     // body = topic
    join,       // body = group
    leave,      // body = group
    ping,       // body = command data after the name
    pong,
    end,     // of the connection, where that is said; body = why
    command  // any other command; body = whole command
};

using FreeFunction = void (*) (void *data, void *hint);

// Where a free function may be called.
enum class FreeWhen : std::uint8_t
{
    without_lock,  // with no lock of ours held (message/released.hpp)
    at_once        // anywhere: it does not block, take a lock or call us
};

class Msg final
{
  public:
    static constexpr std::size_t inline_capacity = 33;
    static constexpr std::size_t inline_group_capacity = 14;

    Msg () noexcept { init (); }
    Msg (Msg &&other) noexcept
    {
        std::memcpy (static_cast<void *> (this), &other, sizeof *this);
        other.init ();
    }
    Msg &operator= (Msg &&other) noexcept
    {
        if (this != &other) {
            destroy ();
            std::memcpy (static_cast<void *> (this), &other, sizeof *this);
            other.init ();
        }
        return *this;
    }
    Msg (const Msg &) = delete;
    Msg &operator= (const Msg &) = delete;
    ~Msg () { destroy (); }

    // ---- construction over what is there (the zmq_msg_init_* family); the old content is NOT released ----
    void init () noexcept
    {
        metadata_ = nullptr;
        size_ = 0;
        storage_ = Storage::inside;
        flags_ = 0;
        routing_id_ = 0;
        std::memset (group_, 0, sizeof group_);
    }
    // 0 or ENOMEM (then the message is empty). The body is uninitialised.
    int init_size (std::size_t size) noexcept;
    int init_copy (const void *data, std::size_t size) noexcept;
    // 0 or ENOMEM (then `data` stays the caller's). free_function null: constant data.
    int init_external (void *data, std::size_t size, FreeFunction free_function, void *hint,
                       FreeWhen when = FreeWhen::without_lock) noexcept;
    void init_constant (const void *data, std::size_t size) noexcept { init_borrowed (Storage::constant, data, size); }
    // Memory that is valid for the length of the caller's call only: own_lent() before it ends.
    void init_lent (const void *data, std::size_t size) noexcept { init_borrowed (Storage::lent, data, size); }
    // Replaces a lent body by a copy of it. 0 or ENOMEM (then nothing changed).
    int own_lent () noexcept { return storage_ == Storage::lent ? copy_borrowed () : 0; }
    // As init_copy() for at most inline_capacity bytes, but always reads inline_capacity bytes: one copy of fixed length is what
    // makes the codec fast. What is read beyond `size` does not matter.
    void init_inside (const std::uint8_t *padded, std::size_t size) noexcept
    {
        init ();
        std::memcpy (body_.inside, padded, inline_capacity);
        size_ = static_cast<std::uint8_t> (size);
    }
    // Takes over one reference to `content`.
    void init_slice (Content *content, std::uint8_t *data, std::size_t size) noexcept;

    // ---- the whole message ----
    // Releases the content and leaves an empty valid message.
    void reset () noexcept
    {
        destroy ();
        init ();
    }
    // zmq_msg_close: releases the content and marks the message invalid.
    void close () noexcept
    {
        destroy ();
        storage_ = Storage::invalid;
    }
    bool valid () const noexcept { return storage_ >= Storage::inside && storage_ <= Storage::lent; }
    // Shares a long body (both sides then report shared()), duplicates a short one; copies flags, metadata, ids. 0 or ENOMEM.
    int copy_from (const Msg &source) noexcept;

    // Gives the body away: the caller owns the reference returned, null if the body is constant. The message becomes empty. Not for bodies
    // that are inside.
    Content *take_content () noexcept
    {
        Content *content = body_.far.content;
        storage_ = Storage::inside;
        reset ();
        return content;
    }
    // As set_metadata(), taking over the caller's reference; for a message that has no metadata.
    void init_metadata (Metadata *metadata) noexcept { metadata_ = metadata; }

    // ---- body ----
    std::uint8_t *data () noexcept { return storage_ == Storage::inside ? body_.inside : body_.far.data; }
    const std::uint8_t *data () const noexcept { return storage_ == Storage::inside ? body_.inside : body_.far.data; }
    std::size_t size () const noexcept { return storage_ == Storage::inside ? size_ : body_.far.size; }
    std::string_view view () const noexcept { return {reinterpret_cast<const char *> (data ()), size ()}; }
    bool is_lent () const noexcept { return storage_ == Storage::lent; }
    bool is_inside () const noexcept { return storage_ == Storage::inside; }

    // ---- attributes ----
    bool more () const noexcept { return flags_ & flag_more; }
    void set_more (bool more) noexcept { flags_ = static_cast<std::uint8_t> (more ? flags_ | flag_more : flags_ & ~flag_more); }
    bool shared () const noexcept { return (flags_ & flag_shared) || storage_ >= Storage::constant; }
    Kind kind () const noexcept { return static_cast<Kind> (flags_ >> kind_shift); }
    void set_kind (Kind kind) noexcept
    {
        flags_ = static_cast<std::uint8_t> ((flags_ & ((1u << kind_shift) - 1)) | (static_cast<unsigned> (kind) << kind_shift));
    }
    Metadata *metadata () const noexcept { return metadata_; }
    void set_metadata (Metadata *metadata) noexcept  // takes its own reference
    {
        if (metadata)
            metadata_acquire (metadata);
        if (metadata_)
            metadata_release (metadata_);
        metadata_ = metadata;
    }
    // As set_metadata (nullptr), cheaper for who received the message: `lender` as for Metadata::give_back().
    void drop_metadata (const void *lender) noexcept
    {
        if (metadata_)
            metadata_give_back (std::exchange (metadata_, nullptr), lender);
    }
    std::uint32_t routing_id () const noexcept { return routing_id_; }
    void set_routing_id (std::uint32_t id) noexcept { routing_id_ = id; }
    const char *group () const noexcept;              // NUL-terminated, "" if none
    int set_group (std::string_view group) noexcept;  // at most 255 bytes are kept; 0 or ENOMEM

  private:
    enum class Storage : std::uint8_t
    {
        invalid = 0,
        inside = 101,
        counted = 102,
        constant = 103,
        lent = 104
    };
    enum : std::uint8_t
    {
        flag_more = 1,
        flag_shared = 2,
        flag_long_group = 4,  // group_ holds a pointer to a counted string
        kind_shift = 4
    };

    void destroy () noexcept
    {
        if (metadata_ || storage_ == Storage::counted || (flags_ & flag_long_group)) [[unlikely]]
            destroy_far ();
    }
    void destroy_far () noexcept;
    void init_borrowed (Storage storage, const void *data, std::size_t size) noexcept;
    int copy_borrowed () noexcept;

    // Offsets are ABI: 0 metadata, 8 body, 41 size, 42 storage, 43 flags, 44 routing id, 48 group.
    Metadata *metadata_;
#pragma pack(push, 1)
    union
    {
        std::uint8_t inside[inline_capacity];
        struct
        {
            std::uint8_t *data;
            std::size_t size;
            Content *content;
        } far;
    } body_;
#pragma pack(pop)
    std::uint8_t size_;
    Storage storage_;
    std::uint8_t flags_;
    std::uint32_t routing_id_;
    char group_[16];
};

static_assert (sizeof (Msg) == 64, "zmq_msg_t is 64 bytes");
static_assert (alignof (Msg) == alignof (void *));

}  // namespace engine
