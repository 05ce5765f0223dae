// The text of vsock addresses: CID:PORT, where `*` is any machine or a port that the system chooses (bind), and `@` the host.
#pragma once

#include <string>
#include <string_view>

#include "platform/machine_address.hpp"

namespace engine {

// EINVAL. With `wildcards` as for bind; else both have to be said.
int parse_vsock_address (std::string_view text, bool wildcards, VsockAddress &out) noexcept;
// "3:5555"; `*` for any machine.
std::string vsock_text (const VsockAddress &address);

}  // namespace engine
