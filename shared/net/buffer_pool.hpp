// Read buffers that one event loop lends to its connections, so that a connection that waits holds none. One thread.
#pragma once

#include "shared/options/limits.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace revecho {

/// Each buffer has limits::read_buffer bytes.
class buffer_pool {
 public:
  /// Throws std::bad_alloc.
  buffer_pool() { spare_.reserve(most_spare); }

  /// Null if there is no memory.
  std::unique_ptr<char[]> borrow() noexcept {
    if (spare_.empty()) return std::unique_ptr<char[]>(new (std::nothrow) char[limits::read_buffer]);
    auto buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }

  /// Null is ignored.
  void give_back(std::unique_ptr<char[]> buffer) noexcept {
    if (buffer && spare_.size() < most_spare) spare_.push_back(std::move(buffer));
  }

 private:
  // More are in use only when many connections have work at once.
  static constexpr std::size_t most_spare = 16;

  std::vector<std::unique_ptr<char[]>> spare_;
};

} // namespace revecho
