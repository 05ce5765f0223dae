// Names of Unix-domain sockets: the text of ipc addresses, and the files behind them (temporary directories for wildcards,
// stale files of dead listeners). Errors are errno values.
#pragma once

#include <string>
#include <string_view>

#include "transport/transport.hpp"

namespace engine {

// A path, or `@name` for an abstract socket (unix(7)); at most 107 bytes. EINVAL for `@` alone or a NUL inside, ENAMETOOLONG.
int parse_ipc_address (std::string_view address, SocketAddress &out) noexcept;

// "ipc://path", "ipc://@name"; empty for a socket without a name.
std::string ipc_endpoint_text (const SocketAddress &address);

// The same file even after the working directory changed; abstract names and failures leave it as it is.
std::string absolute_path (const std::string &path);

// A new directory (mode 0700) under the first of $TMPDIR, $TEMPDIR, $TMP that is a directory, else the current one, and the path
// of the socket to make in it.
int make_wildcard_path (std::string &directory, std::string &path);

// Makes room for a listener at this address. Removes the file of a listener that is gone, and empty files (programs reserve a
// name by making one). EADDRINUSE if somebody listens there or the file has another purpose.
int remove_stale (const SocketAddress &address) noexcept;

}  // namespace engine
