#include "shared/protocol/payload.hpp"

#include "shared/protocol/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace revecho {
namespace {

// The characters are '0' to 'o', 64 in a row, so that eight of them are made of a random number in two operations.
constexpr char first_character = '0';
constexpr unsigned character_bits = 6;
constexpr std::uint64_t character_mask = 63;
constexpr std::uint64_t eight_times = 0x0101010101010101U;
constexpr std::size_t connection_size = 6;
constexpr std::size_t header_size = 14;
constexpr std::size_t block_size = 8; // characters made of one random number
constexpr std::uint64_t stride = 0x9E3779B97F4A7C15U;

std::size_t header_of(std::size_t size) noexcept { return size > header_size ? header_size : 0; }

char character(std::uint64_t bits) noexcept { return static_cast<char>(first_character + (bits & character_mask)); }

// Block k of a message, without those before it.
std::array<char, block_size> block(std::uint64_t key, std::size_t k) noexcept {
  const std::uint64_t bits = random_bits(key + stride * k)();
  return std::bit_cast<std::array<char, block_size>>(
      (bits & eight_times * character_mask) + eight_times * static_cast<std::uint64_t>(first_character));
}

std::uint64_t read_bits(std::span<const char> from) {
  std::uint64_t bits = 0;
  for (std::size_t i = from.size(); i-- > 0;) {
    const auto digit = static_cast<std::uint64_t>(from[i] - first_character);
    if (digit > character_mask) return ~std::uint64_t{0};
    bits = bits << character_bits | digit;
  }
  return bits;
}

} // namespace

payload::payload(std::uint64_t connection, std::uint64_t sequence, std::size_t size) noexcept
    : connection_(connection),
      sequence_(sequence),
      key_(random_bits(random_bits(connection)() ^ sequence)()),
      size_(size) {
  if (size == 0) return;
  last_ = at(size - 1);
  if (size > 1 && last_ == at(0)) last_ = character(static_cast<std::uint64_t>(last_ - first_character) + 1);
}

char payload::at(std::size_t position) const noexcept {
  const std::size_t head = header_of(size_);
  if (position >= head) return block(key_, (position - head) / block_size)[(position - head) % block_size];
  const bool is_connection = position < connection_size;
  const std::size_t place = is_connection ? position : position - connection_size;
  return character((is_connection ? connection_ : sequence_) >> (character_bits * place));
}

void payload::copy(std::size_t offset, std::span<char> to) const noexcept {
  const std::size_t head = header_of(size_);
  const std::size_t end = offset + to.size();
  std::size_t i = 0;
  for (; offset + i < head && i < to.size(); ++i)
    to[i] = at(offset + i);
  while (i < to.size()) {
    const std::size_t position = offset + i - head;
    const auto characters = block(key_, position / block_size);
    const std::size_t place = position % block_size;
    const std::size_t count = std::min(block_size - place, to.size() - i);
    std::memcpy(to.data() + i, characters.data() + place, count);
    i += count;
  }
  if (end == size_ && !to.empty()) to.back() = last_;
}

std::optional<payload_identity> identify(std::span<const char> message) {
  if (header_of(message.size()) == 0) return std::nullopt;
  const payload_identity found{read_bits(message.first(connection_size)),
      read_bits(message.subspan(connection_size, header_size - connection_size))};
  if (!is_payload(message, found.connection, found.sequence)) return std::nullopt;
  return found;
}

bool is_payload(std::span<const char> message, std::uint64_t connection, std::uint64_t sequence) {
  const payload original(connection, sequence, message.size());
  std::array<char, 512> buffer;
  for (std::size_t done = 0; done < message.size();) {
    const auto part = std::span(buffer).first(std::min(buffer.size(), message.size() - done));
    original.copy(done, part);
    if (!std::equal(part.begin(), part.end(), message.begin() + static_cast<std::ptrdiff_t>(done))) return false;
    done += part.size();
  }
  return true;
}

} // namespace revecho
