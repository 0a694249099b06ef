#include "shared/protocol/decoder.hpp"

#include "shared/protocol/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace revecho {
namespace {

constexpr std::size_t longest_framing = length_size; // a length prefix; a line terminator has at most 2

std::size_t line_ending(std::span<const char> line) noexcept {
  if (line.empty() || line.back() != '\n') return 0;
  return line.size() > 1 && line[line.size() - 2] == '\r' ? 2 : 1;
}

} // namespace

decoder::decoder(framing f, std::size_t max_message) noexcept : max_message_(max_message), framing_(f) {}

void decoder::receive(std::span<char> bytes) noexcept { input_ = bytes; }

void decoder::receive_end() noexcept {
  input_ = {};
  ended_ = true;
}

void decoder::release() noexcept {
  finished_ = std::vector<char>(); // = {} would keep the memory
}

event decoder::next() {
  if (error_) return event::violation;
  if (ended_) return next_at_end();
  if (input_.empty()) return event::need_data;

  const cut found = find_end();
  if (error_) return fail(error_);
  if (found.complete && unfinished_.empty()) {
    const auto wire = input_.first(found.size);
    input_ = input_.subspan(found.size);
    return give(wire);
  }
  keep(found.size);
  return found.complete ? give_unfinished() : event::need_data;
}

decoder::cut decoder::find_end() noexcept {
  switch (framing_) {
  case framing::raw:
    return {std::min(input_.size(), max_message_), true};
  case framing::line:
    return find_line_end();
  case framing::length:
    return find_length_end();
  case framing::eof:
    if (input_.size() > max_message_ - unfinished_.size()) error_ = protocol_errc::message_too_long;
    return {input_.size(), false};
  }
  return {};
}

// Searches new bytes only: unfinished_ has been searched already and has no '\n'.
decoder::cut decoder::find_line_end() noexcept {
  const auto* const newline = static_cast<const char*>(std::memchr(input_.data(), '\n', input_.size()));
  const bool complete = newline != nullptr;
  const std::size_t before = complete ? static_cast<std::size_t>(newline - input_.data()) : input_.size();
  const std::size_t length = unfinished_.size() + before;
  // A last '\r' belongs to the terminator if '\n' follows, now or in the next read; until then it is not counted.
  const char last = before > 0 ? input_[before - 1] : length > 0 ? unfinished_.back() : '\0';
  if (length - (last == '\r' ? 1 : 0) > max_message_) error_ = protocol_errc::message_too_long;
  return {complete ? before + 1 : before, complete};
}

decoder::cut decoder::find_length_end() noexcept {
  const std::size_t kept = unfinished_.size();
  if (kept + input_.size() < length_size) return {input_.size(), false};
  const std::size_t frame = length_size + length();
  if (frame - length_size > max_message_) error_ = protocol_errc::message_too_long;
  const std::size_t missing = frame - kept;
  return {std::min(missing, input_.size()), missing <= input_.size()};
}

// Precondition: the prefix is there, be it in pieces.
std::size_t decoder::length() const noexcept {
  const std::size_t kept = unfinished_.size();
  std::size_t result = 0;
  for (std::size_t i = 0; i < length_size; ++i) {
    const char byte = i < kept ? unfinished_[i] : input_[i - kept];
    result = result << 8 | static_cast<unsigned char>(byte);
  }
  return result;
}

event decoder::next_at_end() {
  switch (framing_) {
  case framing::raw:
    break;
  case framing::line: // a last line may lack its terminator, but then a last '\r' belongs to it
    if (unfinished_.size() > max_message_) return fail(protocol_errc::message_too_long);
    if (!unfinished_.empty()) return give_unfinished();
    break;
  case framing::length:
    if (!unfinished_.empty()) return fail(protocol_errc::truncated_message);
    break;
  case framing::eof: // the stream is the message, be it empty
    if (!std::exchange(last_given_, true)) return give_unfinished();
    break;
  }
  return event::end_of_stream;
}

event decoder::give(std::span<char> wire) noexcept {
  current_ = {wire, wire};
  if (framing_ == framing::line) current_.message = wire.first(wire.size() - line_ending(wire));
  if (framing_ == framing::length) current_.message = wire.subspan(length_size);
  return event::message;
}

event decoder::give_unfinished() noexcept {
  finished_ = std::move(unfinished_);
  unfinished_ = std::vector<char>();
  return give(finished_);
}

event decoder::fail(std::error_code error) noexcept {
  error_ = error;
  input_ = {};
  unfinished_ = std::vector<char>();
  return event::violation;
}

// Allocates a frame of known size at once. Any other grows by doubling (amortized linear time), never beyond the
// longest frame.
void decoder::keep(std::size_t count) {
  const std::size_t needed = unfinished_.size() + count;
  if (needed > unfinished_.capacity()) {
    const bool is_known = framing_ == framing::length && needed >= length_size;
    const std::size_t wanted = is_known ? length_size + length() : std::min(2 * needed, max_message_ + longest_framing);
    unfinished_.reserve(std::max(needed, wanted));
  }
  unfinished_.insert(unfinished_.end(), input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count));
  input_ = input_.subspan(count);
}

} // namespace revecho
