// Tables for people.
#include "tests/support/catch.hpp"
#include "tools/table.hpp"

using revecho::table;

TEST_CASE("table: is as wide as its widest cells, words to the left and figures to the right") {
  table t({{"server", table::align::left}, {"rate"}});
  t.add_row({"a", "1"});
  t.add_gap();
  t.add_row({"longer", "12345 µs"});
  CHECK(t.text() == "server      rate\n"
                    "----------------\n"
                    "a              1\n"
                    "\n"
                    "longer  12345 µs\n");
}

TEST_CASE("table: wraps paragraphs between words, and leaves long words whole") {
  using revecho::wrapped;
  CHECK(wrapped("", 10).empty());
  CHECK(wrapped("one two three", 100) == "one two three");
  CHECK(wrapped("one two three", 7) == "one two\nthree");
  CHECK(wrapped("one two three", 6) == "one\ntwo\nthree");
  CHECK(wrapped("a incomprehensible b", 5) == "a\nincomprehensible\nb");
  CHECK(wrapped("\u00b5\u00b5\u00b5 \u00b5\u00b5\u00b5", 7) == "\u00b5\u00b5\u00b5 \u00b5\u00b5\u00b5");
}
