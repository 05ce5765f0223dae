// Takes "transport://address" apart. What an address means is each transport's own business.
#include <cerrno>

#include "transport/transport.hpp"

namespace engine {

int parse_endpoint (std::string_view text, EndpointName &out)
{
    constexpr std::string_view separator = "://";
    const std::size_t position = text.find (separator);
    if (position == std::string_view::npos || position == 0 || position + separator.size () == text.size ())
        return EINVAL;
    out.transport.assign (text.substr (0, position));
    out.address.assign (text.substr (position + separator.size ()));
    return 0;
}

}  // namespace engine
