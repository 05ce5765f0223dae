// The head of an HTTP/1.1 request or answer (RFC 9112): the start line, the fields, the empty line behind them. Bytes go in and it says
// at the first of them that cannot belong to one. It holds no more than its limits, and reads nothing behind the head. Without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

class HttpHead
{
  public:
    // Of all bytes, and of fields.
    static constexpr std::size_t most_bytes = 16u << 10;
    static constexpr std::size_t most_fields = 100;

    enum class State : std::uint8_t
    {
        incomplete,
        complete,
        malformed,
        too_large
    };

    // One empty line before the start line counts for nothing, as a server should have it (RFC 9112, 2.2).
    void ignore_empty_line () noexcept { may_begin_empty_ = true; }

    // How many bytes were used: all while it is incomplete.
    std::size_t feed (std::span<const std::uint8_t> bytes);
    State state () const noexcept { return state_; }

    // Empty: it has not come.
    const std::string &start_line () const noexcept { return start_line_; }

    // ---- fields; names in small letters ----
    std::size_t count (std::string_view name) const noexcept;
    // Of the first with this name; empty: there is none.
    std::string_view value (std::string_view name) const noexcept;
    // The items of a list, which may be spread over several fields.
    std::vector<std::string_view> items (std::string_view name) const;
    // Whether one of them is this word, in whatever letters.
    bool lists (std::string_view name, std::string_view word) const;

  private:
    struct Field
    {
        std::string name;
        std::string value;
    };

    void take (char character);
    void take_line ();

    State state_ = State::incomplete;
    bool in_start_line_ = true;
    bool may_begin_empty_ = false;
    std::size_t size_ = 0;
    std::string line_;  // with its carriage return
    std::string start_line_;
    std::vector<Field> fields_;
};

// Whether the two differ in nothing but the case of letters.
bool same_word (std::string_view a, std::string_view b) noexcept;

}  // namespace engine
