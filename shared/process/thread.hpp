// Threads whose failing to start says what failed. Knows nothing of what they do.
#pragma once

#include <pthread.h>

#include <memory>
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

/// A thread that runs `function()` and that nobody can join. Throws like start_thread(). The function must not throw.
///
/// It is detached from its first moment on, and not by std::thread::detach(): when a thread ends in the middle of that,
/// glibc (2.36) reads what the thread has freed already, and in a flood of short ones some do.
template <class Function>
void start_detached_thread(Function function) {
  auto owned = std::make_unique<Function>(std::move(function));
  const auto run = [](void* pointer) noexcept -> void* {
    const std::unique_ptr<Function> own(static_cast<Function*>(pointer));
    (*own)();
    return nullptr;
  };
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  const int error = ::pthread_create(&thread, &attributes, run, owned.get());
  ::pthread_attr_destroy(&attributes);
  if (error != 0) throw std::system_error(error, std::system_category(), "cannot start a thread");
  static_cast<void>(owned.release()); // the thread's
}

} // namespace revecho
