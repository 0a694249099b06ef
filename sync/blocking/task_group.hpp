// Tasks that the async twin runs at the same time. Here each runs to its end when it is spawned.
#pragma once

#include "sync/blocking/context.hpp"

#include <cstddef>

namespace revecho::sync {

class task_group {
 public:
  task_group(context&, std::size_t) noexcept {}

  template <class Task, class... Arguments>
  void spawn(Task task, Arguments... arguments) {
    task(arguments...);
  }

  void join() noexcept {}
};

} // namespace revecho::sync
