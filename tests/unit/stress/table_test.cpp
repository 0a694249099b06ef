// Tables for people.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
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
  CHECK(wrapped("only ≥ 20k", 6) == "only\n≥ 20k");
  CHECK(wrapped("at most 5 % of", 9) == "at most\n5 % of");
  CHECK(wrapped("one two three four", 9, 2) == "one two\n  three\n  four");
}

TEST_CASE("table: lets columns leave in their order until it fits, and names them") {
  const auto fitted = [](std::size_t width) {
    table t(
        {{"name", table::align::left}, {"first", table::align::right, 2}, {"second", table::align::right, 1}, {"x"}});
    t.add_row({"a", "1", "2", "3"});
    t.add_gap();
    t.fit(width);
    return t.text() + t.left_out();
  };
  CHECK(fitted(revecho::any_width) == "name  first  second  x\n"
                                      "----------------------\n"
                                      "a         1       2  3\n"
                                      "\n");
  CHECK(fitted(22) == fitted(revecho::any_width));
  CHECK(fitted(21) == "name  second  x\n"
                      "---------------\n"
                      "a          2  3\n"
                      "\n"
                      "Left out to fit 21\n"
                      "columns: first;\n"
                      "--json has all\n");
  CHECK(fitted(14) == "name  x\n"
                      "-------\n"
                      "a     3\n"
                      "\n"
                      "Left out to\n"
                      "fit 14\n"
                      "columns:\n"
                      "first, second;\n"
                      "--json has all\n");
  CHECK_THAT(fitted(1), revecho::test::StartsWith("name  x\n")); // these stay
}

TEST_CASE("table: aligns rows that are added after the head was written, if their width was announced") {
  table t({{"n", table::align::right, 0, 4}, {"rate", table::align::right, 0, 6}});
  t.add_row({"1", "5"});
  CHECK(t.head() == "   n    rate\n"
                    "------------\n");
  CHECK(t.rows_from(0) == "   1       5\n");
  t.add_row({"1000", "12.3/s"});
  CHECK(t.rows_from(1) == "1000  12.3/s\n");
}

TEST_CASE("table: shortens long words in their middle before a column leaves, and only where there is no room") {
  const auto fitted = [](std::size_t width) {
    table t({{"server", table::align::left}, {"rate"}, {"spare", table::align::right, 1}});
    t.add_row({"sync threads, one", "1", "2"});
    t.add_row({"sync threads, two", "1", "2"});
    t.fit(width);
    return t.text();
  };
  CHECK(fitted(30) == "server             rate  spare\n"
                      "------------------------------\n"
                      "sync threads, one     1      2\n"
                      "sync threads, two     1      2\n");
  CHECK(fitted(29) == "server     rate  spare\n"
                      "----------------------\n"
                      "sync… one     1      2\n"
                      "sync… two     1      2\n");
}

TEST_CASE("table: has lines of one text between its rows") {
  table t({{"clients"}, {"rate"}});
  t.add_line("no work in each request");
  t.add_row({"1", "2"});
  t.fit(14);
  CHECK(t.text() == "clients  rate\n"
                    "-------------\n"
                    "no work in\n"
                    "each request\n"
                    "      1     2\n");
}

TEST_CASE("table: counts and cuts characters, not bytes") {
  using namespace revecho;
  CHECK(width_of("µs – ≥") == 6);
  CHECK(first_of("µµµ", 2) == "µµ");
  CHECK(first_of("µµµ", 3) == "µµµ");
  CHECK(first_of("abc", 0).empty());
  CHECK(shortened("µµµµµ", 5) == "µµµµµ");
  CHECK(shortened("aµbµc", 4) == "aµ…c");
  CHECK(shortened("abcdef", 3) == "a…f");
  CHECK(shortened("abc", 1) == "…");
  CHECK(shortened("abc", 0).empty());
}
