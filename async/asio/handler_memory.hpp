// Memory for one asynchronous operation at a time, in the way of asio's example "allocation".
#pragma once

#include <cstddef>
#include <memory_resource>

namespace revecho::async {

class handler_memory final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    const bool fits = !in_use_ && size <= sizeof storage_ && alignment <= alignof(void*);
    if (!fits)
      return std::pmr::new_delete_resource()->allocate(size, alignment); // another version of asio may take more
    in_use_ = true;
    return storage_;
  }
  void do_deallocate(void* pointer, std::size_t size, std::size_t alignment) override {
    if (pointer != storage_) return std::pmr::new_delete_resource()->deallocate(pointer, size, alignment);
    in_use_ = false;
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  alignas(void*) std::byte storage_[160]; // a read takes 136 with asio 1.22
  bool in_use_ = false;
};

} // namespace revecho::async
