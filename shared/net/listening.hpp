// Listening sockets of a server: what `--listen` means. Knows no engine.
#pragma once

#include "shared/net/descriptor.hpp"
#include "shared/net/socket_file.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/server_options.hpp"

#include <cstddef>
#include <vector>

namespace revecho {

/// An address on which a server listens.
struct listening_address {
  endpoint where;                         ///< with the real port
  std::vector<unique_descriptor> sockets; ///< one for each event loop
  socket_file file;                       ///< of a UNIX socket
};

/// Listens on all addresses of the endpoint, on one port: with `count` sockets on each, over which the kernel spreads
/// the connections (SO_REUSEPORT). On a UNIX socket they are duplicates: a connection goes to whichever loop takes it
/// first. Blocks while a name is looked up. Throws std::runtime_error naming the endpoint.
std::vector<listening_address> listen_on(const endpoint& wanted, std::size_t count, const server_options&);

} // namespace revecho
