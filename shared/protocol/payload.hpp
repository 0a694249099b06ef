// Messages of the load tool: each says whose it is, and all its bytes depend on their places.
#pragma once

#include "shared/protocol/message_source.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace revecho {

/// A message that is never kept: any part of it is made whenever it is needed, so that a client with a message of any
/// size under way needs no memory for it. Its bytes are printable (64 characters, no line breaks), and pseudo-random
/// except for the first ones of messages that have room for them:
///
///     bytes 0…5   connection, 6 bits each, lowest first      bytes 6…13   sequence number, likewise
///
/// From two bytes on it is never a palindrome, so its reversal is always another message.
class payload final : public message_source {
 public:
  payload() = default;
  payload(std::uint64_t connection, std::uint64_t sequence, std::size_t size) noexcept;

  std::size_t size() const noexcept override { return size_; }
  void copy(std::size_t offset, std::span<char> to) const noexcept override;

 private:
  char at(std::size_t position) const noexcept;

  std::uint64_t connection_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t key_ = 0;
  std::size_t size_ = 0;
  char last_ = 0;
};

struct payload_identity {
  std::uint64_t connection;
  std::uint64_t sequence;
};

/// The sender of this message, if every byte of it is as it was sent; none for messages too small to say.
std::optional<payload_identity> identify(std::span<const char> message);

/// Is it that message?
bool is_payload(std::span<const char> message, std::uint64_t connection, std::uint64_t sequence);

} // namespace revecho
