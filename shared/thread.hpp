// Threads whose failing to start says what failed. Knows nothing of what they do.
#pragma once

#include <system_error>
#include <thread>
#include <utility>

namespace revecho {

/// A thread that runs `function(arguments…)`. Throws std::system_error when the system has none to give, saying so:
/// what std::thread and std::jthread throw names the reason only.
template <class Thread = std::thread, class Function, class... Arguments>
Thread start_thread(Function&& function, Arguments&&... arguments) {
  try {
    return Thread(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "cannot start a thread");
  }
}

} // namespace revecho
