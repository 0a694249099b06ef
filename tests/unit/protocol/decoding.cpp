#include "tests/unit/protocol/decoding.hpp"

#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <memory>

namespace revecho::testing {
namespace {

std::string text_of(std::span<const char> bytes) { return std::string(bytes.begin(), bytes.end()); }

// All that the decoder says until it needs data or is done; false when it is done.
bool drain(decoder& d, happenings& told_so_far, event& last) {
  while ((last = d.next()) == event::message)
    told_so_far.push_back(told(text_of(d.current().message), text_of(d.current().wire)));
  return last == event::need_data;
}

} // namespace

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const bool plain = c > ' ' && c < '\x7f' && c != '\\' && c != '|';
    text += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string told(std::string_view message, std::string_view wire) { return escaped(message) + "|" + escaped(wire); }

std::string violation(protocol_errc error) { return "violation: " + make_error_code(error).message(); }

happenings decode(framing f, std::size_t max_message, const pieces& stream_pieces, stream last) {
  decoder d(f, max_message);
  happenings result;
  event e = event::need_data;
  bool more = true;
  for (const auto& piece : stream_pieces) {
    const auto buffer = std::make_unique<char[]>(piece.size()); // exact, so that a sanitizer sees a step beyond it
    piece.copy(buffer.get(), piece.size());
    d.receive({buffer.get(), piece.size()});
    more = drain(d, result, e);
    if (!more) break;
  }
  if (more && last == stream::ended) {
    d.receive_end();
    drain(d, result, e);
  }
  if (e == event::end_of_stream) result.push_back(end);
  if (e == event::need_data) result.push_back(d.in_message() ? waiting_inside : waiting);
  if (e == event::violation) result.push_back("violation: " + d.error().message());
  return result;
}

pieces whole(const std::string& bytes) { return bytes.empty() ? pieces{} : pieces{bytes}; }

pieces byte_by_byte(const std::string& bytes) {
  pieces result;
  for (const char c : bytes)
    result.emplace_back(1, c);
  return result;
}

std::vector<pieces> every_split(const std::string& bytes) {
  std::vector<pieces> result;
  for (std::size_t at = 1; at < bytes.size(); ++at)
    result.push_back({bytes.substr(0, at), bytes.substr(at)});
  return result;
}

void check_every_way(
    framing f, std::size_t max_message, const std::string& bytes, const happenings& expected, stream last) {
  INFO("stream in " << to_string(f) << ": " << escaped(bytes));
  auto ways = every_split(bytes);
  ways.push_back(byte_by_byte(bytes));
  ways.push_back(whole(bytes));
  for (const auto& way : ways) {
    const std::size_t pieces_fed = way.size();
    const std::size_t first_piece = way.empty() ? 0 : way.front().size();
    CAPTURE(pieces_fed, first_piece);
    CHECK(decode(f, max_message, way, last) == expected);
  }
}

std::string framed(std::string_view message) {
  const std::size_t size = message.size();
  std::string result;
  for (const std::size_t place : {std::size_t{1} << 24U, std::size_t{1} << 16U, std::size_t{1} << 8U, std::size_t{1}})
    result += static_cast<char>(static_cast<unsigned char>(size / place % 256));
  return result.append(message);
}

} // namespace revecho::testing
