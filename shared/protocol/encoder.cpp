#include "shared/protocol/encoder.hpp"

#include "shared/protocol/reverse.hpp"

#include <cassert>

namespace revecho {

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
  if (f == framing::length) {
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      out += static_cast<char>(static_cast<unsigned char>(message.size() >> shift));
  }
  const std::size_t begin = out.size();
  out.resize(begin + message.size());
  message.copy(0, std::span(out).subspan(begin));
  if (f == framing::line) out += '\n';
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
