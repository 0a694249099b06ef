// The bytes of a message, wherever they come from.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace revecho {

/// A message whose bytes are kept, or made again whenever they are asked for.
class message_source {
 public:
  virtual std::size_t size() const noexcept = 0;
  /// Copies as many bytes as `to` has, from `offset` on. Precondition: the message has them.
  virtual void copy(std::size_t offset, std::span<char> to) const noexcept = 0;

 protected:
  ~message_source() = default;
};

/// A message that is kept somewhere.
class kept_message final : public message_source {
 public:
  explicit kept_message(std::string_view text) noexcept : text_(text) {}
  std::string_view text() const noexcept { return text_; }
  std::size_t size() const noexcept override { return text_.size(); }
  void copy(std::size_t offset, std::span<char> to) const noexcept override {
    text_.copy(to.data(), to.size(), offset);
  }

 private:
  std::string_view text_;
};

} // namespace revecho
