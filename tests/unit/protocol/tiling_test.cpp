// Raw replies as reversed pieces of the message, against a slow search through all ways to cut it.
#include "tests/support/catch.hpp"

#include "shared/options/limits.hpp"
#include "shared/protocol/random.hpp"
#include "shared/protocol/tiling.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace revecho;

namespace {

// The most reversed pieces that make up the reply; 1 if it is the message reversed, 0 if there is no way.
std::size_t naive_pieces(std::string_view message, std::string_view reply) {
  const std::size_t size = message.size();
  if (size == 0) return 0;
  if (std::equal(message.rbegin(), message.rend(), reply.begin())) return 1;
  std::vector<std::size_t> most(size + 1, 0); // of the first bytes; 0: cannot be
  for (std::size_t last = 1; last <= size; ++last) {
    for (std::size_t first = 0; first < last; ++first) {
      if (first > 0 && most[first] == 0) continue;
      const auto piece = message.substr(first, last - first);
      if (std::equal(piece.rbegin(), piece.rend(), reply.begin() + static_cast<std::ptrdiff_t>(first)))
        most[last] = std::max(most[last], most[first] + 1);
    }
  }
  return most[size];
}

// Every string of `size` letters out of the first `letters` of the alphabet.
std::vector<std::string> all_strings(std::size_t size, std::size_t letters) {
  std::vector<std::string> result{""};
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<std::string> longer;
    for (const auto& text : result) {
      for (std::size_t letter = 0; letter < letters; ++letter)
        longer.push_back(text + static_cast<char>('a' + letter));
    }
    result = std::move(longer);
  }
  return result;
}

std::string reversed(std::string text) {
  std::reverse(text.begin(), text.end());
  return text;
}

} // namespace

TEST_CASE("count_pieces: counts the pieces of a reply to distinct bytes") {
  CHECK(count_pieces(std::string_view("abcdef"), std::string_view("fedcba")) == 1);
  CHECK(count_pieces(std::string_view("abcdef"), std::string_view("bafedc")) == 2);
  CHECK(count_pieces(std::string_view("abcdef"), std::string_view("acbfed")) == 3);
  CHECK(count_pieces(std::string_view("abcdef"), std::string_view("abcdef")) == 6);
  CHECK(count_pieces(std::string_view("a"), std::string_view("a")) == 1);
}

TEST_CASE("count_pieces: finds no pieces in a wrong reply") {
  CHECK(count_pieces(std::string_view("abc"), std::string_view("cab")) == 0);
  CHECK(count_pieces(std::string_view("abc"), std::string_view("bca")) == 0);
  CHECK(count_pieces(std::string_view("abc"), std::string_view("cbx")) == 0);
  CHECK(count_pieces(std::string_view("abc"), std::string_view("xba")) == 0);
  CHECK(count_pieces(std::string_view("abcd"), std::string_view("baba")) == 0);
  CHECK(count_pieces(std::string_view("a"), std::string_view("b")) == 0);
}

TEST_CASE("count_pieces: finds no pieces in nothing") { CHECK(count_pieces({}, {}) == 0); }

TEST_CASE("count_pieces: takes a palindrome that comes back as one piece") {
  CHECK(count_pieces(std::string_view("abba"), std::string_view("abba")) == 1);
  CHECK(count_pieces(std::string_view("abcba"), std::string_view("abcba")) == 1);
  CHECK(count_pieces(std::string_view("aaaa"), std::string_view("aaaa")) == 1);
}

TEST_CASE("count_pieces: counts the finest tiling where there are several") {
  CHECK(count_pieces(std::string_view("abbac"), std::string_view("abbac")) == 5);
  CHECK(count_pieces(std::string_view("aab"), std::string_view("aab")) == 3);
}

TEST_CASE("count_pieces: agrees with a search through all ways to cut every short message") {
  const auto [size, letters] = GENERATE(std::pair<std::size_t, std::size_t>{1, 3},
      std::pair<std::size_t, std::size_t>{2, 3}, std::pair<std::size_t, std::size_t>{3, 3},
      std::pair<std::size_t, std::size_t>{4, 3}, std::pair<std::size_t, std::size_t>{5, 3},
      std::pair<std::size_t, std::size_t>{6, 2}, std::pair<std::size_t, std::size_t>{7, 2});
  CAPTURE(size, letters);
  const auto strings = all_strings(size, letters);
  std::size_t right = 0;
  std::string first_wrong;
  for (const auto& message : strings) {
    for (const auto& reply : strings) {
      const bool same = count_pieces(message, reply) == naive_pieces(message, reply);
      right += same;
      if (!same && first_wrong.empty()) first_wrong = message + " -> " + reply;
    }
  }
  CHECK(first_wrong == "");
  CHECK(right == strings.size() * strings.size());
}

TEST_CASE("count_pieces: agrees with the search when random messages are cut at random") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    random_bits random(seed);
    std::string message(1 + random() % 40, ' ');
    std::generate(message.begin(), message.end(), [&] { return static_cast<char>('a' + random() % 2); });
    std::string reply;
    while (reply.size() < message.size())
      reply += reversed(message.substr(reply.size(), 1 + random() % 8));
    if (seed % 3 == 0) reply[random() % reply.size()] ^= 1;
    CHECK(count_pieces(message, reply) == naive_pieces(message, reply));
    if (seed % 3 != 0) CHECK(count_pieces(message, reply) > 0);
  }
}

TEST_CASE("count_pieces: takes linear time for a MiB of equal bytes with one that is not") {
  constexpr std::size_t size = 1024 * 1024; // in quadratic time this would take hours
  std::string message(size, 'a');
  message.back() = 'b';
  CHECK(count_pieces(message, message) == size);
  CHECK(count_pieces(message, reversed(message)) == 1);
  CHECK(count_pieces(message, std::string(size, 'a')) == 0);
  std::string moved(size, 'a');
  moved[size / 2] = 'b';
  CHECK(count_pieces(message, moved) == size / 2 + 1);
  CHECK(count_pieces(moved, message) == size / 2 + 1);
}
