// See tipc_address.hpp. A node Z.C.N is one number of 8, 12 and 12 bits (linux/tipc.h).
#include "transport/tipc_address.hpp"

#include <cerrno>
#include <charconv>

namespace engine {

namespace {

constexpr unsigned zone_shift = 24, cluster_shift = 12;
constexpr std::uint32_t most_zone = 0xff, most_part = 0xfff;

// Reads from the front, once; stays false after the first thing that does not fit.
class Reader
{
  public:
    explicit Reader (std::string_view text) noexcept : rest_ (text) {}

    Reader &sign (char expected) noexcept
    {
        fits_ = fits_ && !rest_.empty () && rest_.front () == expected;
        if (fits_)
            rest_.remove_prefix (1);
        return *this;
    }
    Reader &number (std::uint32_t &out) noexcept
    {
        const auto parsed = std::from_chars (rest_.data (), rest_.data () + rest_.size (), out);
        fits_ = fits_ && parsed.ec == std::errc ();
        if (fits_)
            rest_.remove_prefix (static_cast<std::size_t> (parsed.ptr - rest_.data ()));
        return *this;
    }
    Reader &node (std::uint32_t &out) noexcept
    {
        std::uint32_t zone = 0, cluster = 0, node = 0;
        number (zone).sign ('.').number (cluster).sign ('.').number (node);
        fits_ = fits_ && zone <= most_zone && cluster <= most_part && node <= most_part;
        out = zone << zone_shift | cluster << cluster_shift | node;
        return *this;
    }
    bool fits () const noexcept { return fits_; }
    bool at_end () const noexcept { return fits_ && rest_.empty (); }

  private:
    std::string_view rest_;
    bool fits_ = true;
};

std::string node_text (std::uint32_t node)
{
    return std::to_string (node >> zone_shift) + '.' + std::to_string (node >> cluster_shift & most_part) + '.' +
           std::to_string (node & most_part);
}

}  // namespace

int parse_tipc_bind (std::string_view text, TipcAddress &out, bool &chosen) noexcept
{
    chosen = text == "<*>";
    if (chosen)
        return 0;
    TipcAddress found;
    found.kind = TipcAddress::Kind::range;
    auto &[type, lower, upper] = found.numbers;
    if (!Reader (text).sign ('{').number (type).sign (',').number (lower).sign (',').number (upper).sign ('}').at_end () || lower > upper)
        return EINVAL;
    out = found;
    return 0;
}

int parse_tipc_connect (std::string_view text, TipcAddress &out) noexcept
{
    TipcAddress found;
    if (Reader (text).sign ('<').node (found.numbers[0]).sign (':').number (found.numbers[1]).sign ('>').at_end ()) {
        out = found;
        return 0;
    }
    found = {};
    found.kind = TipcAddress::Kind::service;
    Reader service (text);
    service.sign ('{').number (found.numbers[0]).sign (',').number (found.numbers[1]).sign ('}');
    if (!service.at_end () && !service.sign ('@').node (found.domain).at_end ())
        return EINVAL;
    out = found;
    return 0;
}

std::string tipc_text (const TipcAddress &address)
{
    const auto &[first, second, third] = address.numbers;
    switch (address.kind) {
    case TipcAddress::Kind::range:
        return '{' + std::to_string (first) + ',' + std::to_string (second) + ',' + std::to_string (third) + '}';
    case TipcAddress::Kind::service:
        return '{' + std::to_string (first) + ',' + std::to_string (second) + '}' +
               (address.domain != 0 ? '@' + node_text (address.domain) : std::string ());
    case TipcAddress::Kind::id:
        break;
    }
    return '<' + node_text (first) + ':' + std::to_string (second) + '>';
}

}  // namespace engine
