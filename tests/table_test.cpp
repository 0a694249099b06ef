// Tables for people.
#include "tests/catch.hpp"
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
