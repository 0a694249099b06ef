// Name resolution beside an event loop: the system's call blocks, so a thread makes it.
#pragma once

#include "async/epoll/context.hpp"
#include "shared/net/address.hpp"
#include "shared/options/endpoint.hpp"

#include <system_error>
#include <vector>

namespace revecho::async {

/// Like resolve(). At the deadline, `error` is std::errc::timed_out, and the thread's result is dropped whenever it
/// comes. Throws std::system_error if there is no thread to be had.
awaitable<std::vector<socket_address>> look_up(context&, const endpoint&, time_point deadline, std::error_code& error);

} // namespace revecho::async
