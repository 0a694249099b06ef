// The verifier: of any reply it says `verified` if and only if it is the message reversed, or in raw a tiling of
// reversed pieces, however it is cut.
#include "tests/fuzz/fuzz.hpp"

#include "shared/protocol/encoder.hpp"
#include "shared/protocol/verifier.hpp"

#include <algorithm>

namespace {

using namespace revecho;

// Is the reply made of reversed pieces of the message, in their order? Slow, and plain.
bool is_tiling(std::string_view message, std::string_view reply) {
  std::vector<bool> reached(message.size() + 1);
  reached[0] = true;
  for (std::size_t from = 0; from < message.size(); ++from) {
    if (!reached[from]) continue;
    for (std::size_t to = from + 1; to <= message.size(); ++to) {
      const auto piece = message.substr(from, to - from);
      if (std::equal(piece.rbegin(), piece.rend(), reply.begin() + static_cast<std::ptrdiff_t>(from)))
        reached[to] = true;
    }
  }
  return reached[message.size()];
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  revecho::fuzz::input in(data, size);
  const auto f = framings[in.byte() % framings.size()];
  const unsigned cuts = in.byte();
  const std::size_t message_size = 1 + in.byte() % 40;
  std::string message(in.rest().substr(0, message_size));
  if (message.empty()) return 0;
  if (f == framing::line) std::replace(message.begin(), message.end(), '\n', ' ');
  if (f == framing::line && message.front() == '\r') message.front() = ' '; // its reply could not be told apart
  if (!reason_unsendable(f, message).empty()) return 0;
  const auto reply = in.rest().substr(message.size());

  const std::string reversed(message.rbegin(), message.rend());
  std::string right;
  append_frame(right, f, reversed);
  // In raw a message that comes back as it went could be one reversed byte by byte; it is taken for an echo.
  const bool is_right = f == framing::raw ? reply == reversed || (reply.size() == message.size() && reply != message &&
                                                                     is_tiling(message, reply))
                                          : reply == right;

  const kept_message sent(message);
  verifier check(f);
  check.expect(sent);
  verdict v = verdict::pending;
  bool has_rest = false;
  for (const auto& chunk : revecho::fuzz::chunks(reply, cuts)) {
    std::span<const char> bytes(chunk);
    has_rest = has_rest || v != verdict::pending;
    if (v == verdict::pending) v = check.receive(bytes);
    has_rest = has_rest || !bytes.empty();
  }
  if (v == verdict::pending) v = check.receive_end();
  revecho::fuzz::demand((v == verdict::verified && !has_rest) == is_right, "verified means right");
  static_cast<void>(check.reply());
  return 0;
}
