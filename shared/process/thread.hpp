// Starts threads; a failure says that a thread could not be started. Knows nothing of what they do.
#pragma once

#include <pthread.h>

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace revecho {

/// A thread that runs `function(arguments…)`. Throws std::system_error "cannot start a thread: …"; std::thread and
/// std::jthread give only the reason.
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
/// It is created detached. std::thread::detach() races with a thread that ends: glibc (2.36) then reads memory that the
/// thread has already freed, which does happen with many short threads.
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
