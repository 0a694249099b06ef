#include "shared/protocol/encoder.hpp"

#include "shared/protocol/reverse.hpp"

#include <algorithm>
#include <cassert>

namespace revecho {
namespace {

// Big-endian.
char byte_of_length(std::size_t length, std::size_t place) noexcept {
  return static_cast<char>(static_cast<unsigned char>(length >> (8 * (length_size - 1 - place))));
}

} // namespace

void encoder::add(const frame& f) noexcept {
  reverse(f.message);
  append({f.wire, 1});
}

event encoder::add_all(decoder& messages) {
  for (;;) {
    append(messages.take_lines([](std::span<char> message) { reverse(message); }));
    const event found = messages.next();
    if (found != event::message) return found;
    add(messages.current());
  }
}

void encoder::append(const frame_run& replies) noexcept {
  messages_ += replies.messages;
  bytes_ += replies.wire.size();
  if (replies.wire.empty()) return;
  if (count_ > 0) {
    auto& last = pieces_[count_ - 1];
    if (last.data() + last.size() == replies.wire.data()) {
      last = {last.data(), last.size() + replies.wire.size()};
      return;
    }
  }
  assert(count_ < pieces_.size());
  pieces_[count_++] = replies.wire;
}

void append_frame(std::string& out, framing f, std::string_view message) {
  append_frame(out, f, kept_message(message));
}

void append_frame(std::string& out, framing f, const message_source& message) {
  append_part_of_frame(out, f, message, 0, frame_size(f, message));
}

std::size_t frame_size(framing f, const message_source& message) noexcept {
  return message.size() + (f == framing::length ? length_size : f == framing::line ? 1 : 0);
}

void append_part_of_frame(
    std::string& out, framing f, const message_source& message, std::size_t offset, std::size_t count) {
  const std::size_t begin = f == framing::length ? length_size : 0; // of the message
  const std::size_t message_end = begin + message.size();
  const std::size_t end = std::min(frame_size(f, message), offset + count);
  for (; offset < std::min(begin, end); ++offset)
    out += byte_of_length(message.size(), offset);
  if (const std::size_t stop = std::min(end, message_end); offset < stop) {
    const std::size_t place = out.size();
    out.resize(place + stop - offset);
    message.copy(offset - begin, std::span(out).subspan(place));
    offset = stop;
  }
  if (offset < end) out += '\n';
}

framed_message::framed_message(framing f, std::string_view message) noexcept : pieces_{message, {}} {
  static constexpr char line_break = '\n';
  if (f == framing::line) pieces_[1] = {&line_break, 1};
  if (f != framing::length) return;
  for (std::size_t i = 0; i < length_size; ++i)
    length_[i] = byte_of_length(message.size(), i);
  pieces_ = {length_, message};
}

std::string_view reason_unsendable(framing f, std::string_view message) noexcept {
  switch (f) {
  case framing::raw:
    if (message.empty()) return "an empty message cannot be sent raw; use line, length or eof";
    break;
  case framing::line:
    if (message.find('\n') != message.npos) return "a line cannot contain a line break; use length";
    if (message.ends_with('\r')) return "a line cannot end in a carriage return; use length";
    break;
  case framing::length:
  case framing::eof:
    break;
  }
  if (message.size() > max_message_ceiling) return "a message has at most 1 GiB";
  return {};
}

} // namespace revecho
