// Memory for one asynchronous operation at a time, in the way of asio's example "allocation".
#pragma once

#include <cstddef>
#include <new>

namespace revecho::async {

class handler_memory {
 public:
  handler_memory() = default;
  handler_memory(const handler_memory&) = delete;
  handler_memory& operator=(const handler_memory&) = delete;

  void* allocate(std::size_t size) {
    if (in_use_ || size > sizeof storage_) return ::operator new(size); // another version of asio may take more
    in_use_ = true;
    return storage_;
  }
  void deallocate(void* pointer) noexcept { pointer == storage_ ? void(in_use_ = false) : ::operator delete(pointer); }

 private:
  alignas(void*) std::byte storage_[160]; // a read takes 136 with asio 1.22
  bool in_use_ = false;
};

/// Allocator that gives asio this memory. The memory outlives the operation.
template <class T>
class handler_allocator {
 public:
  using value_type = T;

  explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory) {}
  template <class Other>
  handler_allocator(const handler_allocator<Other>& other) noexcept : memory_(other.memory_) {}

  T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(void*));
    return static_cast<T*>(memory_->allocate(sizeof(T) * count));
  }
  void deallocate(T* pointer, std::size_t) noexcept { memory_->deallocate(pointer); }
  bool operator==(const handler_allocator&) const = default;

 private:
  template <class>
  friend class handler_allocator;
  handler_memory* memory_;
};

} // namespace revecho::async
