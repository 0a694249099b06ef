// Connecting, with blocking calls.
#pragma once

#include "sync/blocking/stream.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/process/clock.hpp"

#include <optional>
#include <system_error>

namespace revecho::sync {

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's.
std::optional<stream> connect(context&, const endpoint&, time_point deadline, std::error_code& error);

} // namespace revecho::sync
