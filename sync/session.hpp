// One connection of the server, from its first byte to its close: the loop that reads, reverses and replies. Knows the
// protocol and the time-outs; does not know how many others there are.
#pragma once

#include "sync/io.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/log.hpp"
#include "shared/process/statistics.hpp"
#include "shared/protocol/random.hpp"

#include <cstdint>

namespace revecho::sync {

class server;

/// State that all sessions of a server share. Outlives them.
struct service {
  const server_options& options;
  const logger& log;
  statistics& counts;
};

/// A place among --max-connections, given back when it is destroyed.
class admission {
 public:
  /// Of a connection that nobody counts.
  explicit admission(std::uint64_t seed) noexcept : owner_(nullptr), random_(seed) {}
  admission(server& owner, std::uint64_t seed) noexcept : owner_(&owner), random_(seed) {}
  admission(admission&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), random_(other.random_) {}
  admission& operator=(admission&&) = delete;
  ~admission();

  /// For this connection's random draws.
  random_bits& random() noexcept { return random_; }

 private:
  server* owner_;
  random_bits random_;
};

/// Serves a client until it leaves, breaks the protocol or a time-out, or the server stops. Never throws.
void serve(stream peer, admission place, service& in);

} // namespace revecho::sync
