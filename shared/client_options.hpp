// The options of both clients, defined once. Knows no sockets.
#pragma once

#include "shared/endpoint.hpp"
#include "shared/framing.hpp"
#include "shared/limits.hpp"
#include "shared/server_options.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace revecho {

struct client_options {
  std::vector<std::string> messages; ///< each can be sent in framing_kind
  std::vector<endpoint> to{{"127.0.0.1", limits::default_port}};
  framing framing_kind = framing::raw;
  std::chrono::nanoseconds timeout = limits::default_client_timeout; ///< of each exchange; zero: none
  std::size_t max_in_flight = limits::default_max_in_flight;         ///< async only
  bool verbose = false;
  bool time = false;
};

/// Parses a client's command line, and reads the messages from stdin if none is given. Throws early_exit.
client_options parse_client_options(twin, int argc, const char* const* argv);

} // namespace revecho
