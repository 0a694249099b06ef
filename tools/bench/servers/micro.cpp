// Micro-benchmarks of the code in shared/ that every byte or every message goes through. tools/bench reads what
// `--reporter xml` writes: a benchmark is called after what it does, and how many messages of how many bytes that is.
// For Catch2 v2, which v3 ignores. What is linked together has to agree about the second, hence a main() of its own.
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include "tests/support/catch.hpp"

#include "shared/options/limits.hpp"
#include "shared/protocol/decoder.hpp"
#include "shared/protocol/encoder.hpp"
#include "shared/protocol/reverse.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace revecho;

namespace {

// A call of few bytes is over before a clock or the call of a benchmark would notice, so as many as make up this are
// done at once. They are in the first cache, and none needs the outcome of the one before it: as in a server.
constexpr std::size_t least_bytes = std::size_t{8} * 1024;

std::string name_of(const std::string& what, std::size_t messages, std::size_t size) {
  return what + ": " + std::to_string(messages) + " x " + std::to_string(size) + " B";
}

// As many messages as one read may bring.
std::vector<char> make_read(framing f, std::size_t size) {
  std::string wire;
  const std::string message(size, 'x');
  while (wire.size() + size + 4 < limits::read_buffer)
    append_frame(wire, f, message);
  return {wire.begin(), wire.end()};
}

std::size_t decode(decoder& messages, std::vector<char>& input) {
  std::size_t found = 0;
  messages.receive(input);
  while (messages.next() == event::message)
    ++found;
  messages.release();
  return found;
}

std::size_t reply(decoder& messages, std::vector<char>& input) {
  encoder replies;
  messages.receive(input);
  replies.add_all(messages);
  messages.release();
  return replies.messages();
}

// add_all() with a search for each line.
std::size_t reply_by_memchr(std::vector<char>& input) {
  std::size_t found = 0;
  char* line = input.data();
  char* const end = line + input.size();
  const auto next = [&] { return static_cast<char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line))); };
  for (char* newline = next(); newline != nullptr; newline = next()) {
    reverse({line, newline});
    line = newline + 1;
    ++found;
    if (line == end) break;
  }
  return found;
}

// The whole of it: its message has no other end.
std::size_t reply_to_stream(std::vector<char>& input) {
  decoder messages(framing::eof, limits::default_max_message);
  encoder replies;
  messages.receive(input);
  while (messages.next() == event::message) { // it needs data
  }
  messages.receive_end();
  while (messages.next() == event::message)
    replies.add(messages.current());
  return replies.messages();
}

} // namespace

TEST_CASE("reverse") {
  for (const std::size_t size : {64U, 1024U, 64U * 1024, 1024U * 1024}) {
    const std::size_t count = std::max<std::size_t>(least_bytes / size, 1);
    const std::vector<char> from(count * size, 'x');
    std::vector<char> to(from);
    BENCHMARK(name_of("reverse", count, size)) {
      for (std::size_t i = 0; i < count; ++i)
        reverse(std::span(to).subspan(i * size, size));
      return to.front();
    };
    BENCHMARK(name_of("memcpy", count, size)) {
      for (std::size_t i = 0; i < count; ++i)
        std::memcpy(to.data() + i * size, from.data() + i * size, size);
      return to.front();
    };
  }
}

TEST_CASE("messages") {
  constexpr std::size_t size = 16;
  for (const auto& [name, f] : {std::pair<const char*, framing>{"line", framing::line}, {"length", framing::length}}) {
    auto input = make_read(f, size);
    decoder messages(f, limits::default_max_message);
    const std::size_t count = decode(messages, input);
    BENCHMARK(name_of(std::string(name) + " decoder", count, size)) { return decode(messages, input); };
    BENCHMARK(name_of(std::string(name) + " decoder, encoder", count, size)) { return reply(messages, input); };
  }
  auto lines = make_read(framing::line, size);
  const std::size_t line_count = reply_by_memchr(lines);
  BENCHMARK(name_of("line memchr, reverse", line_count, size)) { return reply_by_memchr(lines); };
  auto input = make_read(framing::raw, limits::read_buffer - 5);
  decoder messages(framing::raw, limits::default_max_message);
  REQUIRE(reply(messages, input) == 1);
  REQUIRE(reply_to_stream(input) == 1);
  BENCHMARK(name_of("raw decoder", 1, input.size())) { return decode(messages, input); };
  BENCHMARK(name_of("raw decoder, encoder", 1, input.size())) { return reply(messages, input); };
  BENCHMARK(name_of("eof decoder, encoder", 1, input.size())) { return reply_to_stream(input); };
}
