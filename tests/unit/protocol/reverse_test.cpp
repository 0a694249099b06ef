// The byte-reversal kernel against the obvious way, at every length and alignment that could matter to it.
#include "tests/support/catch.hpp"

#include "shared/protocol/random.hpp"
#include "shared/protocol/reverse.hpp"

#include <algorithm>
#include <array>
#include <string>

using namespace revecho;

namespace {

constexpr std::size_t longest = 1024;
constexpr std::size_t alignments = 64;
constexpr std::size_t margin = 64; // bytes on either side that must stay

struct alignas(alignments) arena {
  std::array<char, margin + alignments + longest + margin> bytes;
};

arena random_arena() {
  arena result{};
  random_bits random(1);
  std::generate(result.bytes.begin(), result.bytes.end(), [&] { return static_cast<char>(random()); });
  return result;
}

} // namespace

TEST_CASE("reverse: turns the bytes round at every length and alignment, and touches none around them") {
  const auto turn_round = GENERATE(reverse, reverse_portably);
  const arena original = random_arena();
  arena actual{};
  arena expected{};
  for (std::size_t length = 0; length <= longest; ++length) {
    std::size_t wrong = 0;
    for (std::size_t alignment = 0; alignment < alignments; ++alignment) {
      const std::size_t at = margin + alignment;
      const std::size_t seen = at + length + margin;
      std::copy_n(original.bytes.begin(), seen, actual.bytes.begin());
      std::copy_n(original.bytes.begin(), seen, expected.bytes.begin());
      std::reverse_copy(&original.bytes[at], &original.bytes[at] + length, &expected.bytes[at]);
      turn_round({&actual.bytes[at], length});
      wrong += !std::equal(&actual.bytes[0], &actual.bytes[0] + seen, &expected.bytes[0]);
    }
    CAPTURE(length);
    CHECK(wrong == 0);
  }
}

TEST_CASE("reverse: takes a span of nothing") {
  reverse({});
  std::string text = "ab";
  reverse({text.data() + 1, 0});
  CHECK(text == "ab");
}

TEST_CASE("reverse: keeps palindromes, NUL and bytes above 127") {
  std::string palindrome = "abcba";
  reverse(palindrome);
  CHECK(palindrome == "abcba");
  std::string odd{'\0', '\xff', '\x80', '\n'};
  reverse(odd);
  CHECK(odd == std::string{'\n', '\x80', '\xff', '\0'});
}
