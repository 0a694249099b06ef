// The division of processors between server and load tool, for several kinds of machines.
#include "tests/support/catch.hpp"
#include "tools/compare/cpus.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <vector>

using revecho::processor;
using namespace revecho::compare;

namespace {

// "0,1 | 2,3": the server's, and the tool's.
std::string split_of(const std::vector<processor>& all, std::optional<std::size_t> for_server = std::nullopt) {
  const auto parts = split(all, for_server);
  return fmt::format("{} | {}{}", fmt::join(parts.server, ","), fmt::join(parts.tool, ","),
      parts.shared        ? ", shared"
      : parts.shares_core ? ", sharing a core"
                          : "");
}

// In order: number, node, socket, core.
const std::vector<processor> two_cores_of_neighbors{{0, 0, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 1}, {3, 0, 0, 1}};
const std::vector<processor> two_cores_interleaved{{0, 0, 0, 0}, {2, 0, 0, 0}, {1, 0, 0, 1}, {3, 0, 0, 1}};
const std::vector<processor> three_cores_with_smt{
    {0, 0, 0, 0}, {3, 0, 0, 0}, {1, 0, 0, 1}, {4, 0, 0, 1}, {2, 0, 0, 2}, {5, 0, 0, 2}};
const std::vector<processor> two_nodes{
    {0, 0, 0, 0}, {2, 0, 0, 2}, {4, 0, 0, 4}, {1, 1, 1, 1}, {3, 1, 1, 3}, {5, 1, 1, 5}, {7, 1, 1, 7}};

} // namespace

TEST_CASE("cpus: are not divided where there is one or none") {
  CHECK(split_of({}) == " | ");
  CHECK(split_of({{0, 0, 0, 0}}) == " | ");
  CHECK(split_of({{0, 0, 0, 0}}, 1) == " | ");
}

TEST_CASE("cpus: are halves of whole cores, whatever their numbers are") {
  CHECK(split_of({{0, 0, 0, 0}, {1, 0, 0, 1}}) == "0 | 1");
  CHECK(split_of({{0, 0, 0, 0}, {1, 0, 0, 1}, {2, 0, 0, 2}}) == "0 | 1,2");
  CHECK(split_of(two_cores_of_neighbors) == "0,1 | 2,3");
  CHECK(split_of(two_cores_interleaved) == "0,2 | 1,3");
  CHECK(split_of(three_cores_with_smt) == "0,1,3,4 | 2,5");
}

TEST_CASE("cpus: are halves of one core if there is no other") {
  CHECK(split_of({{0, 0, 0, 0}, {1, 0, 0, 0}}) == "0 | 1, sharing a core");
}

TEST_CASE("cpus: are parted where nodes are, if that is near the middle") {
  CHECK(split_of(two_nodes) == "0,2,4 | 1,3,5,7");
  CHECK(split_of({{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 1, 1, 2}, {3, 1, 1, 3}}) == "0,1 | 2,3");
}

TEST_CASE("cpus: are as many for the server as was asked for, and the rest is the tool's") {
  CHECK(split_of(two_nodes, 1) == "0 | 1,2,3,4,5,7");
  CHECK(split_of(two_nodes, 6) == "0,1,2,3,4,5 | 7");
  CHECK(split_of(two_nodes, 7) == "0,1,2,3,4,5,7 | 0,1,2,3,4,5,7, shared");
  CHECK(split_of(two_cores_interleaved, 1) == "0 | 1,3"); // nobody beside it on its core
  CHECK(split_of(two_cores_interleaved, 3) == "0,1,2 | 3, sharing a core");
}
