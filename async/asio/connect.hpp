// Connecting on asio.
#pragma once

#include "async/asio/stream.hpp"
#include "shared/options/endpoint.hpp"

#include <optional>
#include <system_error>

namespace revecho::async {

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's.
awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline, std::error_code& error);

} // namespace revecho::async
