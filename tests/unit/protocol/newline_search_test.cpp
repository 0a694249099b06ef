// The search for line breaks against the obvious way, at every length and alignment that could matter to it.
#include "tests/support/catch.hpp"

#include "shared/protocol/newline_search.hpp"
#include "shared/protocol/random.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace revecho;

namespace {

std::vector<std::size_t> breaks_in(std::string& text, std::size_t from) {
  std::vector<std::size_t> found;
  newline_search search(std::span<char>(text).subspan(from));
  for (const char* newline = search.next(); newline != nullptr; newline = search.next())
    found.push_back(static_cast<std::size_t>(newline - text.data()));
  return found;
}

} // namespace

TEST_CASE("newline_search: finds each line break, in order, and nothing else") {
  const unsigned often = GENERATE(1U, 2U, 7U, 40U); // one of so many bytes is a line break
  random_bits random(often);
  for (std::size_t length = 0; length <= 100; ++length) {
    std::string text(length, '\0');
    for (char& byte : text) {
      byte = random() % often == 0 ? '\n' : static_cast<char>(random());
      if (often > 1 && random() % 5 == 0) byte = '\n' ^ '\x80'; // what a sloppy comparison takes for one
    }
    for (std::size_t from = 0; from <= std::min<std::size_t>(length, 16); ++from) {
      std::vector<std::size_t> expected;
      for (auto at = text.find('\n', from); at != text.npos; at = text.find('\n', at + 1))
        expected.push_back(at);
      CHECK(breaks_in(text, from) == expected);
    }
  }
}

TEST_CASE("newline_search: finds nothing in nothing") {
  newline_search search({});
  CHECK(search.next() == nullptr);
  CHECK(search.next() == nullptr);
}
