// Listening sockets of a server: what `--listen` means. Knows no engine.
#pragma once

#include "shared/net/descriptor.hpp"
#include "shared/options/endpoint.hpp"

#include <cstddef>
#include <vector>

namespace revecho {

/// Listens on all addresses of the endpoint, on one port: with `count` sockets on each, over which the kernel spreads
/// the connections (SO_REUSEPORT), one for each event loop. `share_port`: with other processes, too. Blocks while a
/// name is looked up. Throws std::runtime_error naming the endpoint.
std::vector<std::vector<unique_descriptor>> listen_on(
    const endpoint& wanted, std::size_t count, int backlog, bool share_port);

} // namespace revecho
