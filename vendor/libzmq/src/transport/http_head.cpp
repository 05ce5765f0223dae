// See http_head.hpp.
#include "transport/http_head.hpp"

#include <algorithm>
#include <utility>

namespace engine {

namespace {

char small (char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char> (letter - 'A' + 'a') : letter; }

bool is_space (char character) noexcept { return character == ' ' || character == '\t'; }

bool in_name (char character) noexcept
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const char letter = small (character);
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || marks.find (letter) != std::string_view::npos;
}

std::string_view trimmed (std::string_view text) noexcept
{
    while (!text.empty () && is_space (text.front ()))
        text.remove_prefix (1);
    while (!text.empty () && is_space (text.back ()))
        text.remove_suffix (1);
    return text;
}

}  // namespace

bool same_word (std::string_view a, std::string_view b) noexcept
{
    return std::equal (a.begin (), a.end (), b.begin (), b.end (), [] (char x, char y) { return small (x) == small (y); });
}

std::size_t HttpHead::feed (std::span<const std::uint8_t> bytes)
{
    std::size_t used = 0;
    while (state_ == State::incomplete && used < bytes.size ()) {
        if (++size_ > most_bytes)
            state_ = State::too_large;
        else
            take (static_cast<char> (bytes[used++]));
    }
    return used;
}

void HttpHead::take (char character)
{
    const bool after_return = !line_.empty () && line_.back () == '\r';
    if (after_return != (character == '\n')) {
        state_ = State::malformed;  // they come together, or not at all
        return;
    }
    if (character == '\n') {
        line_.pop_back ();
        take_line ();
        line_.clear ();
        return;
    }
    const auto byte = static_cast<unsigned char> (character);
    if ((byte < 0x20 && character != '\r' && character != '\t') || byte == 0x7f || (byte > 0x7f && in_start_line_)) {
        state_ = State::malformed;
        return;
    }
    line_ += character;
}

void HttpHead::take_line ()
{
    if (in_start_line_ && line_.empty () && std::exchange (may_begin_empty_, false))
        return;
    if (std::exchange (in_start_line_, false)) {
        start_line_ = line_;
        if (line_.empty ())
            state_ = State::malformed;
        return;
    }
    if (line_.empty ()) {
        state_ = State::complete;
        return;
    }
    if (fields_.size () == most_fields) {
        state_ = State::too_large;
        return;
    }
    const std::size_t colon = line_.find (':');
    Field field;
    field.name = line_.substr (0, colon);
    // (No space is allowed before the colon, and none before a name: what begins with one was once the rest of the line before.)
    if (colon == std::string::npos || colon == 0 || !std::all_of (field.name.begin (), field.name.end (), in_name)) {
        state_ = State::malformed;
        return;
    }
    std::transform (field.name.begin (), field.name.end (), field.name.begin (), small);
    field.value = trimmed (std::string_view (line_).substr (colon + 1));
    fields_.push_back (std::move (field));
}

std::size_t HttpHead::count (std::string_view name) const noexcept
{
    return static_cast<std::size_t> (
      std::count_if (fields_.begin (), fields_.end (), [&] (const Field &field) { return field.name == name; }));
}

std::string_view HttpHead::value (std::string_view name) const noexcept
{
    for (const Field &field : fields_)
        if (field.name == name)
            return field.value;
    return {};
}

std::vector<std::string_view> HttpHead::items (std::string_view name) const
{
    std::vector<std::string_view> found;
    for (const Field &field : fields_) {
        if (field.name != name)
            continue;
        for (std::string_view rest = field.value; !rest.empty ();) {
            const std::size_t comma = std::min (rest.find (','), rest.size ());
            if (const std::string_view item = trimmed (rest.substr (0, comma)); !item.empty ())
                found.push_back (item);
            rest.remove_prefix (std::min (comma + 1, rest.size ()));
        }
    }
    return found;
}

bool HttpHead::lists (std::string_view name, std::string_view word) const
{
    const auto found = items (name);
    return std::any_of (found.begin (), found.end (), [&] (std::string_view item) { return same_word (item, word); });
}

}  // namespace engine
