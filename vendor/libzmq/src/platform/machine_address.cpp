// See machine_address.hpp: Linux (vsock(7), linux/tipc.h); elsewhere there are none.
#include "platform/machine_address.hpp"

#if defined __linux__
#    include <cstring>

#    include <linux/tipc.h>
#    include <linux/vm_sockets.h>
#endif

namespace engine {

#if defined __linux__

namespace {

template <class System>
socklen_t put (const System &system, sockaddr_storage &out) noexcept
{
    out = {};
    std::memcpy (&out, &system, sizeof system);
    return sizeof system;
}

template <class System>
bool take (const sockaddr_storage &address, socklen_t size, int family, System &out) noexcept
{
    if (address.ss_family != family || size < sizeof out)
        return false;
    std::memcpy (&out, &address, sizeof out);
    return true;
}

}  // namespace

int vsock_family () noexcept { return AF_VSOCK; }

int tipc_family () noexcept { return AF_TIPC; }

socklen_t to_system (const VsockAddress &address, sockaddr_storage &out) noexcept
{
    sockaddr_vm system{};
    system.svm_family = AF_VSOCK;
    system.svm_cid = address.cid;
    system.svm_port = address.port;
    return put (system, out);
}

bool from_system (const sockaddr_storage &address, socklen_t size, VsockAddress &out) noexcept
{
    sockaddr_vm system;
    if (!take (address, size, AF_VSOCK, system))
        return false;
    out = {system.svm_cid, system.svm_port};
    return true;
}

socklen_t to_system (const TipcAddress &address, sockaddr_storage &out) noexcept
{
    sockaddr_tipc system{};
    system.family = AF_TIPC;
    system.scope = TIPC_CLUSTER_SCOPE;
    switch (address.kind) {
    case TipcAddress::Kind::range:
        system.addrtype = TIPC_ADDR_NAMESEQ;
        system.addr.nameseq = {address.numbers[0], address.numbers[1], address.numbers[2]};
        break;
    case TipcAddress::Kind::service:
        system.addrtype = TIPC_ADDR_NAME;
        system.addr.name.name = {address.numbers[0], address.numbers[1]};
        system.addr.name.domain = address.domain;
        break;
    case TipcAddress::Kind::id:
        system.addrtype = TIPC_ADDR_ID;
        system.addr.id.node = address.numbers[0];
        system.addr.id.ref = address.numbers[1];
        break;
    }
    return put (system, out);
}

bool from_system (const sockaddr_storage &address, socklen_t size, TipcAddress &out) noexcept
{
    sockaddr_tipc system;
    if (!take (address, size, AF_TIPC, system))
        return false;
    out = {};
    switch (system.addrtype) {
    case TIPC_ADDR_NAMESEQ:
        out.kind = TipcAddress::Kind::range;
        out.numbers[0] = system.addr.nameseq.type;
        out.numbers[1] = system.addr.nameseq.lower;
        out.numbers[2] = system.addr.nameseq.upper;
        return true;
    case TIPC_ADDR_NAME:
        out.kind = TipcAddress::Kind::service;
        out.numbers[0] = system.addr.name.name.type;
        out.numbers[1] = system.addr.name.name.instance;
        out.domain = system.addr.name.domain;
        return true;
    case TIPC_ADDR_ID:
        out.numbers[0] = system.addr.id.node;
        out.numbers[1] = system.addr.id.ref;
        return true;
    default:
        return false;
    }
}

#else

int vsock_family () noexcept { return -1; }

int tipc_family () noexcept { return -1; }

socklen_t to_system (const VsockAddress &, sockaddr_storage &) noexcept { return 0; }

bool from_system (const sockaddr_storage &, socklen_t, VsockAddress &) noexcept { return false; }

socklen_t to_system (const TipcAddress &, sockaddr_storage &) noexcept { return 0; }

bool from_system (const sockaddr_storage &, socklen_t, TipcAddress &) noexcept { return false; }

#endif

}  // namespace engine
