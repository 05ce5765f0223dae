// Feeds the option setters and getters: no input may crash them, a refused value must leave the option as it was, and a number that was
// accepted must be read back as a value that is itself accepted.
//
// Input: a byte for the socket type, then operations: option number (1 byte; 255: a 4-byte number follows), length (1 byte; 255: a null
// pointer), that many bytes of value.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "options/context_options.hpp"
#include "options/options.hpp"
#include "pattern/socket_type.hpp"

using namespace engine;

namespace {

void require (bool condition)
{
    if (!condition)
        std::abort ();
}

// What get_option says about an option: the result and the value, for comparison.
std::string reading (const Options &options, int option)
{
    std::string all;
    for (const std::size_t capacity : {4u, 8u, 32u, 41u, 70000u}) {
        std::string buffer (capacity, '\xaa');
        std::size_t size = capacity;
        const int error = get_option (options, option, buffer.data (), &size);
        require (size <= capacity);
        all += std::to_string (error) + ':' + (error ? std::string () : buffer.substr (0, size)) + '|';
    }
    return all;
}

void try_option (Options &options, int option, const void *value, std::size_t size)
{
    const std::string before = reading (options, option);
    const int error = set_option (options, option, value, size);
    const OptionRow *const row = find_option (option);
    if (error) {
        require (reading (options, option) == before);
        return;
    }
    require (row && row->settable);
    if (row->gettable && row->type == OptionType::int32) {
        int number = 0;
        std::size_t number_size = sizeof number;
        require (get_option (options, option, &number, &number_size) == 0);
        Options copy = options;
        require (set_option (copy, option, &number, sizeof number) == 0);
        require (reading (copy, option) == reading (options, option));
    }
}

void try_context_option (ContextOptions &options, int option, const void *value, std::size_t size)
{
    if (set_context_option (options, option, value, size) == 0)
        require (value && size > 0);
    char buffer[64];
    for (const std::size_t capacity : {std::size_t{4}, sizeof buffer})
        get_context_option (options, option, buffer, &capacity);
    int number = 0;
    if (value && size == sizeof number) {
        std::memcpy (&number, value, sizeof number);
        set_context_option (options, option, number);
    }
    get_context_option (options, option, number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
    std::string_view input (reinterpret_cast<const char *> (data), size);
    const auto take = [&input] (std::size_t count) {
        const std::string_view taken = input.substr (0, count);
        input.remove_prefix (taken.size ());
        return taken;
    };
    const auto take_byte = [&take] { return static_cast<std::uint8_t> (take (1)[0]); };
    if (input.empty ())
        return 0;
    ContextOptions context;
    Options options = make_options (find_socket_type (take_byte () % 21), context);
    while (input.size () >= 2) {
        int option = take_byte ();
        if (option == 255) {
            const std::string_view number = take (4);
            std::memcpy (&option, number.data (), number.size ());
            if (input.empty ())
                break;
        }
        const std::size_t length = take_byte ();
        if (length == 255) {
            try_option (options, option, nullptr, 0);
            try_context_option (context, option, nullptr, 0);
            continue;
        }
        // A copy of exactly the value's size, so that reading past its end is noticed.
        const std::string_view taken = take (length);
        char *const value = static_cast<char *> (std::malloc (taken.size () ? taken.size () : 1));
        require (value != nullptr);
        std::memcpy (value, taken.data (), taken.size ());
        try_option (options, option, value, taken.size ());
        try_context_option (context, option, value, taken.size ());
        std::free (value);
    }
    return 0;
}
