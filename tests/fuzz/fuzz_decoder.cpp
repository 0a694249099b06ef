// The decoder, against one that is too simple to be wrong: it sees all of the stream at once, and knows no chunks.
#include "tests/fuzz/fuzz.hpp"

#include "shared/protocol/decoder.hpp"
#include "shared/protocol/error.hpp"

#include <algorithm>
#include <optional>

namespace {

using namespace revecho;
using happenings = std::vector<std::string>;

const std::string end = "end";
const std::string too_long = "too long";
const std::string truncated = "truncated";

std::string message(std::string_view body) { return "message " + std::string(body); }

happenings expected_lines(std::string_view stream, std::size_t max) {
  happenings found;
  while (!stream.empty()) {
    const auto newline = stream.find('\n');
    auto line = stream.substr(0, newline);
    if (newline != stream.npos && line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > max) return found.push_back(too_long), found;
    found.push_back(message(line));
    stream.remove_prefix(newline == stream.npos ? stream.size() : newline + 1);
  }
  return found.push_back(end), found;
}

happenings expected_lengths(std::string_view stream, std::size_t max) {
  happenings found;
  while (!stream.empty()) {
    if (stream.size() < 4) return found.push_back(truncated), found;
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i)
      length = length * 256 + static_cast<unsigned char>(stream[static_cast<std::size_t>(i)]);
    if (length > max) return found.push_back(too_long), found;
    if (stream.size() < 4 + length) return found.push_back(truncated), found;
    found.push_back(message(stream.substr(4, length)));
    stream.remove_prefix(4 + length);
  }
  return found.push_back(end), found;
}

happenings expected(framing f, std::string_view stream, const std::vector<std::string>& chunks, std::size_t max) {
  if (f == framing::line) return expected_lines(stream, max);
  if (f == framing::length) return expected_lengths(stream, max);
  if (f == framing::eof) return stream.size() > max ? happenings{too_long} : happenings{message(stream), end};
  happenings found;
  for (std::string_view chunk : chunks)
    for (; !chunk.empty(); chunk.remove_prefix(std::min(max, chunk.size())))
      found.push_back(message(chunk.substr(0, max)));
  return found.push_back(end), found;
}

// `by_lines`: with the shortcut for them.
happenings decoded(framing f, const std::vector<std::string>& chunks, std::size_t max, bool by_lines) {
  decoder d(f, max);
  happenings found;
  std::optional<std::string> chunk;
  auto next = chunks.begin();
  const auto note = [&](std::span<char> line) { found.push_back(message({line.data(), line.size()})); };
  for (;;) {
    if (by_lines) d.take_lines(note);
    switch (d.next()) {
    case event::message: {
      const auto& frame = d.current();
      found.push_back(message({frame.message.data(), frame.message.size()}));
      break;
    }
    case event::need_data:
      d.release();
      if (next == chunks.end()) {
        d.receive_end();
      } else {
        chunk = *next++; // in memory of its own, so that looking beyond it is seen
        d.receive(*chunk);
      }
      break;
    case event::end_of_stream:
      return found.push_back(end), found;
    case event::violation:
      return found.push_back(d.error() == protocol_errc::message_too_long ? too_long : truncated), found;
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  revecho::fuzz::input in(data, size);
  const auto f = framings[in.byte() % framings.size()];
  const std::size_t max = 1 + in.byte();
  const unsigned cuts = in.byte();
  const auto chunks = revecho::fuzz::chunks(in.rest(), cuts);
  std::string stream;
  for (const auto& chunk : chunks)
    stream += chunk;
  const auto right = expected(f, stream, chunks, max);
  revecho::fuzz::demand(decoded(f, chunks, max, false) == right, "the decoder agrees with the simple one");
  revecho::fuzz::demand(decoded(f, chunks, max, true) == right, "and with its shortcut, too");
  return 0;
}
