// The options of both servers, defined once. Knows no sockets.
#pragma once

#include "shared/options/distribution.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/limits.hpp"
#include "shared/process/log.hpp"
#include "shared/protocol/framing.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace revecho {

/// The implementation that a program belongs to: a few options exist in one only.
enum class twin { sync, async };

/// How the sync server spreads its connections over threads.
enum class server_model {
  iterative, ///< one connection at a time; the others wait in the backlog
  threads,   ///< a thread for each connection
  pool,      ///< `threads` connections at a time; the others wait in the backlog
};

struct server_options {
  std::vector<endpoint> listen{{"127.0.0.1", limits::default_port}};
  std::string port_file;               ///< empty: none
  std::optional<unsigned> socket_mode; ///< of the files of UNIX sockets; none: what the umask leaves
  bool proxy_protocol = false;         ///< each connection has to begin with a PROXY header
  framing framing_kind = framing::raw;
  std::size_t max_message = limits::default_max_message; ///< bytes
  std::size_t max_connections = 0;                       ///< 0: as many as the descriptor limit allows

  // Zero means no time-out, except for drain_timeout, where it means at once.
  std::chrono::nanoseconds idle_timeout = limits::default_idle_timeout;
  std::chrono::nanoseconds message_timeout = limits::default_message_timeout;
  std::chrono::nanoseconds write_timeout = limits::default_write_timeout;
  std::chrono::nanoseconds drain_timeout = limits::default_drain_timeout;

  distribution delay;                ///< before each reply
  std::optional<std::uint64_t> seed; ///< of the draws of delay; none: a different one every time
  int backlog = limits::default_backlog;
  bool reuse_port = false;
  std::chrono::nanoseconds stats_interval{}; ///< zero: none
  log_format format = log_format::text;
  log_level level = log_level::info;
  bool log_messages = false;    ///< at level debug
  std::uint64_t exit_after = 0; ///< connections served; zero: never

  server_model model = server_model::threads; ///< sync only
  unsigned threads = 1;                       ///< async: event loops; sync: workers of the pool
};

/// Parses a server's command line. Throws early_exit (see program.hpp).
server_options parse_server_options(twin, const std::string& program, int argc, const char* const* argv);

/// The shortest time-out that is set, zero if none: it determines how often deadlines are checked.
std::chrono::nanoseconds shortest_timeout(const server_options&) noexcept;

} // namespace revecho
