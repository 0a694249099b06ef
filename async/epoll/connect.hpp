// Connecting on the epoll engine.
#pragma once

#include "async/epoll/stream.hpp"
#include "shared/net/address.hpp"
#include "shared/options/endpoint.hpp"

#include <optional>
#include <system_error>

namespace revecho::async {

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's. With
/// `from`, from that address of this machine; its ports may be in use towards other destinations at the same time.
awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline, std::error_code& error,
    const std::optional<socket_address>& from = std::nullopt);

} // namespace revecho::async
