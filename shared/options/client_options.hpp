// The options of both clients, defined once. Knows no sockets.
#pragma once

#include "shared/options/endpoint.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/server_options.hpp"
#include "shared/protocol/framing.hpp"

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
client_options parse_client_options(twin, const std::string& program, int argc, const char* const* argv);

} // namespace revecho
