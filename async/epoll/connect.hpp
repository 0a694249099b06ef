// Connecting on the epoll engine.
#pragma once

#include "async/epoll/stream.hpp"
#include "shared/net/address.hpp"
#include "shared/options/endpoint.hpp"

#include <optional>
#include <span>
#include <system_error>

namespace revecho::async {

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's.
awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline, std::error_code& error);

/// The same without a name. Attempts overlap as those of connect_to_first() do. With `from`, from that address of this
/// machine, and its port if it has one, as start_connecting() does; ports may be in use towards other destinations at
/// the same time.
awaitable<std::optional<stream>> connect_to_first(context&, std::span<const socket_address> to, time_point deadline,
    std::error_code& error, std::optional<socket_address> from = std::nullopt);

} // namespace revecho::async
