// Flat storage of a peer's properties; see metadata.hpp.
#include "message/metadata.hpp"

#include <charconv>
#include <cstring>
#include <new>

#include "message/msg.hpp"

namespace engine {

namespace {

std::string_view until_nul (std::string_view text) noexcept { return text.substr (0, text.find ('\0')); }

}  // namespace

Metadata *Metadata::create (std::span<const Property> properties, int fd) noexcept
{
    char digits[16];
    std::string_view fd_text;
    if (fd >= 0)
        fd_text = {digits, static_cast<std::size_t> (std::to_chars (digits, digits + sizeof digits, fd).ptr - digits)};
    constexpr std::string_view fd_name = "__fd";

    std::size_t size = sizeof (Metadata);
    for (const auto &[name, value] : properties)
        size += until_nul (name).size () + until_nul (value).size () + 2;
    if (fd >= 0)
        size += fd_name.size () + fd_text.size () + 2;

    void *memory = ::operator new (size, std::nothrow);
    if (!memory)
        return nullptr;
    Metadata *self = new (memory) Metadata;
    self->fd_ = fd;
    char *at = reinterpret_cast<char *> (self + 1);
    const auto put = [&at] (std::string_view text) {
        if (!text.empty ())
            std::memcpy (at, text.data (), text.size ());
        at += text.size ();
        *at++ = '\0';
    };
    // The descriptor is ours to say, so it comes first: the first of equal names counts.
    if (fd >= 0) {
        put (fd_name);
        put (fd_text);
        ++self->count_;
    }
    for (const auto &[name, value] : properties) {
        put (until_nul (name));
        put (until_nul (value));
        ++self->count_;
    }
    return self;
}

const char *Metadata::find (std::string_view name) const noexcept
{
    const char *at = text ();
    for (std::uint32_t left = count_; left > 0; --left) {
        const std::string_view candidate (at);
        const char *value = at + candidate.size () + 1;
        if (candidate == name)
            return value;
        at = value + std::strlen (value) + 1;
    }
    return nullptr;
}

const char *Metadata::get (std::string_view name) const noexcept
{
    if (const char *value = find (name))
        return value;
    if (name == "Identity")
        return find ("Routing-Id");
    if (name == "Routing-Id")
        return find ("Identity");
    return nullptr;
}

void Metadata::destroy () noexcept
{
    this->~Metadata ();
    ::operator delete (this);
}

void metadata_acquire (Metadata *metadata) noexcept { metadata->acquire (); }

void metadata_release (Metadata *metadata) noexcept { metadata->release (); }

void metadata_give_back (Metadata *metadata, const void *lender) noexcept { metadata->give_back (lender); }

}  // namespace engine
