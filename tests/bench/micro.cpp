// What the parts of shared/ cost that every byte or every message goes through. `micro --reporter xml` is what
// tools/bench reads: the names here are the names there.
// For Catch2 v2, which v3 ignores. What is linked together has to agree about the second, hence a main() of its own.
#define CATCH_CONFIG_MAIN
#define CATCH_CONFIG_ENABLE_BENCHMARKING
#include "tests/catch.hpp"

#include "shared/decoder.hpp"
#include "shared/encoder.hpp"
#include "shared/limits.hpp"
#include "shared/reverse.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

using namespace revecho;

namespace {

// A call of so few bytes is over before a clock or the call of a benchmark would notice: as many as fit into this are
// done at once. That is in the first cache, and nothing is turned round again at once, as in a server.
constexpr std::size_t least_bytes = 8 * 1024;

// What both work on: memory of the same alignment, which the compiler knows nothing about.
class buffers {
 public:
  explicit buffers(std::size_t size) : from_(std::max(size, least_bytes), 'x'), to_(from_) {}

  template <class Function>
  char for_each(std::size_t size, const Function& function) {
    for (std::size_t at = 0; at + size <= from_.size(); at += size)
      function(to_.data() + at, from_.data() + at, size);
    return to_[size / 2];
  }

 private:
  std::vector<char> from_;
  std::vector<char> to_;
};

// As many messages as one read may bring.
std::vector<char> make_read(framing f, std::size_t size) {
  std::string wire;
  std::string message(size, 'x');
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
  while (messages.next() == event::message)
    replies.add(messages.current());
  messages.release();
  return replies.messages();
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
  for (const auto& [name, size] : {std::pair<const char*, std::size_t>{"64 B", 64}, {"1 KiB", 1024},
           {"64 KiB", 64 * 1024}, {"1 MiB", 1024 * 1024}}) {
    buffers memory(size);
    BENCHMARK(std::string("reverse ") + name) {
      return memory.for_each(size, [](char* to, const char*, std::size_t count) { reverse({to, count}); });
    };
    BENCHMARK(std::string("memcpy ") + name) {
      return memory.for_each(size, [](char* to, const char* from, std::size_t count) { std::memcpy(to, from, count); });
    };
  }
}

TEST_CASE("messages") {
  constexpr std::size_t size = 16;
  for (const auto& [name, f] : {std::pair{"line", framing::line}, {"length", framing::length}}) {
    auto input = make_read(f, size);
    decoder messages(f, limits::default_max_message);
    REQUIRE(decode(messages, input) == input.size() / (size + (f == framing::line ? 1 : 4)));
    BENCHMARK(std::string("decode ") + name) { return decode(messages, input); };
    BENCHMARK(std::string("reply ") + name) { return reply(messages, input); };
  }
}

TEST_CASE("streams") {
  auto input = make_read(framing::raw, limits::read_buffer - 5);
  decoder messages(framing::raw, limits::default_max_message);
  REQUIRE(reply(messages, input) == 1);
  REQUIRE(reply_to_stream(input) == 1);
  BENCHMARK("decode raw") { return decode(messages, input); };
  BENCHMARK("reply raw") { return reply(messages, input); };
  BENCHMARK("reply eof") { return reply_to_stream(input); };
}
