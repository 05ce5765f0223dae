// The list of all socket types; see socket_type.hpp. A row is made by the file of its type; nothing else registers anything.
#include "pattern/patterns.hpp"

namespace engine {

namespace {

// In order of type number, PAIR = 0 to CHANNEL = 20.
// Nothing is made at first use: a child of a process that has threads may use it whatever they were doing at the fork.
constexpr const SocketType *rows[] = {
  &pair_row,   &pub_row,    &sub_row,    &req_row,   &rep_row,  &dealer_row, &router_row,  &pull_row,  &push_row, &xpub_row,    &xsub_row,
  &stream_row, &server_row, &client_row, &radio_row, &dish_row, &gather_row, &scatter_row, &dgram_row, &peer_row, &channel_row,
};

}  // namespace

std::span<const SocketType *const> socket_types () noexcept { return rows; }

const SocketType *find_socket_type (int number) noexcept
{
    for (const SocketType *row : rows)
        if (row->number == number)
            return row;
    return nullptr;
}

const SocketType *find_socket_type (std::string_view name) noexcept
{
    for (const SocketType *row : rows)
        if (row->name == name)
            return row;
    return nullptr;
}

bool SocketType::accepts_peer (std::string_view peer_name) const noexcept
{
    const SocketType *const peer = find_socket_type (peer_name);
    return peer && (compatible >> peer->number & 1);
}

}  // namespace engine
