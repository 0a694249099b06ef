// Ownership of a file descriptor. Knows nothing of what it is for.
#pragma once

#include <unistd.h>

#include <utility>

namespace revecho {

/// Closes its descriptor when it is destroyed.
class unique_descriptor {
 public:
  explicit unique_descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(other.release()) {}
  unique_descriptor& operator=(unique_descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~unique_descriptor() { close(); }

  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  /// Releases ownership of the descriptor.
  int release() noexcept { return std::exchange(descriptor_, -1); }
  void close() noexcept {
    if (descriptor_ >= 0) ::close(release());
  }

 private:
  int descriptor_;
};

} // namespace revecho
