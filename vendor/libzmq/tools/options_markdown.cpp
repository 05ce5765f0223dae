// Prints the table of socket options as Markdown, for docs/options.md. With --check FILE: says whether FILE is what it would print.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "options/options.hpp"

using namespace engine;

namespace {

std::string replaced (std::string text, const std::string &what, const std::string &by)
{
    for (std::size_t at = text.find (what); at != text.npos; at = text.find (what, at + by.size ()))
        text.replace (at, what.size (), by);
    return text;
}

// "0 .. INT_MAX" reads better as ">= 0".
std::string range_of (const OptionRow &row)
{
    std::string range = row.range;
    if (range == "INT_MIN .. INT_MAX" || range == "INT64_MIN .. INT64_MAX" || range == "0 .. UINT64_MAX" || range == "relaxed" ||
        range == "0 .. SIZE_MAX bytes")
        return "any";
    if (range == "strict")
        return "0, 1";
    if (range == "1 .. SIZE_MAX bytes")
        return "any but empty";
    const std::string to_the_end = " .. INT_MAX";
    if (range.ends_with (to_the_end))
        return ">= " + range.substr (0, range.size () - to_the_end.size ());
    return range;
}

std::string default_of (const OptionRow &row)
{
    const std::string text = row.initial;
    return text == "false" ? "0" : text == "true" ? "1" : text;
}

const char *type_of (const OptionRow &row)
{
    switch (row.type) {
    case OptionType::int32:
        return "int";
    case OptionType::int64:
        return "int64_t";
    case OptionType::uint64:
        return "uint64_t";
    case OptionType::binary:
        return "bytes";
    case OptionType::text:
        return "text";
    case OptionType::key:
        return "key";
    case OptionType::descriptor:
        return "descriptor";
    }
    return "";
}

std::string line_of (const OptionRow &row)
{
    std::string direction;
    if (row.settable)
        direction += "set ";
    if (row.gettable)
        direction += "get";
    const char *const effect = row.effect == OptionEffect::at_once           ? "at once"
                               : row.effect == OptionEffect::new_connections ? "next bind, connect"
                                                                             : "";
    const char *meaning = row.owner == OptionOwner::not_built ? "not built: EINVAL" : row.meaning;
    std::string line = "|";
    for (const std::string &cell :
         {std::string (row.name), std::to_string (row.number), direction, std::string (type_of (row)), std::string (row.unit),
          default_of (row), range_of (row), std::string (row.types), std::string (effect), std::string (meaning)})
        line += " " + replaced (replaced (cell, "|", "\\|"), "*", "\\*") + " |";
    return line + "\n";
}

std::string markdown ()
{
    std::string text = "# Socket options\n\n"
                       "Written by `tools/options_markdown` from `src/options/options_table.def`; do not edit. Names are without `ZMQ_`. "
                       "What `zmq_setsockopt` refuses is `EINVAL` and changes nothing.\n\n"
                       "| option | number | direction | type | unit | default | may be set to | for | takes effect | meaning |\n"
                       "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const OptionRow &row : option_table ())
        text += line_of (row);
    return text;
}

}  // namespace

int main (int argc, char **argv)
{
    const std::string text = markdown ();
    if (argc == 3 && std::strcmp (argv[1], "--check") == 0) {
        std::ifstream file (argv[2], std::ios::binary);
        const std::string old{std::istreambuf_iterator<char> (file), {}};
        if (old == text)
            return 0;
        std::fprintf (stderr, "%s is not what the table says: run options_markdown > %s\n", argv[2], argv[2]);
        return 1;
    }
    std::fwrite (text.data (), 1, text.size (), stdout);
    return 0;
}
