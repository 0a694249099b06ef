// Outages, from the interruptions of single clients.
#include "tests/support/catch.hpp"
#include "tools/stress/outages.hpp"

#include <vector>

using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

// Something every 10 ms, except from one time to the other.
moments all_but(std::chrono::milliseconds from, std::chrono::milliseconds to) {
  moments all;
  for (auto t = 0ms; t < 10s; t += 10ms)
    if (t < from || t >= to) all.add(t);
  return all;
}

moments always() { return all_but(0ms, 0ms); }

} // namespace

TEST_CASE("outages: join the interruptions of clients that have a moment in common") {
  const std::vector<interruption> all{{0, 1s, 200ms, 1}, {1, 1010ms, 200ms, 0}, {2, 1020ms, 230ms, 2}, {0, 5s, 300ms}};
  const auto found = outages_of(all, always(), all_but(0ms, 0ms), 20, 1s);
  REQUIRE(found.size() == 2);
  CHECK(found[0].start == 1010ms);
  CHECK(found[0].duration == 200ms);
  CHECK(found[0].connections == 3);
  CHECK(found[0].lost == 3);
  CHECK(found[1].start == 5s);
  CHECK(found[1].connections == 1);
}

TEST_CASE("outages: do not become one long one by blips that overlap in turn") {
  std::vector<interruption> all;
  for (int i = 0; i < 100; ++i)
    all.push_back({static_cast<std::uint64_t>(i % 20), 50ms * i, 80ms});
  const auto found = outages_of(all, always(), all_but(0ms, 0ms), 20, 1s);
  CHECK(found.size() >= 40);
  for (const auto& each : found) {
    CHECK(each.connections <= 2);
    CHECK(each.duration <= 130ms);
    CHECK_FALSE(each.whole_path);
  }
}

TEST_CASE("outages: count each client once") {
  const auto found = outages_of({{7, 1s, 3s}, {7, 2s, 1s}}, always(), all_but(0ms, 0ms), 20, 1s);
  CHECK(found.size() == 2);
}

TEST_CASE("outages: of one client are of the whole path only if others asked in vain") {
  const std::vector<interruption> one{{0, 1s, 500ms}};
  const auto silence = all_but(1s, 1500ms);
  CHECK_FALSE(outages_of(one, silence, silence, 4, 1s).front().whole_path);
  CHECK(outages_of(one, all_but(1s, 1200ms), silence, 4, 1s).front().whole_path);
}

TEST_CASE("outages: are of the whole path if nobody else is answered") {
  const std::vector<interruption> half{{0, 1s, 500ms}, {1, 1s, 500ms}};
  CHECK(outages_of(half, {}, all_but(0ms, 0ms), 2, 1s).front().whole_path); // all clients
  CHECK_FALSE(outages_of(half, {}, all_but(0ms, 0ms), 4, 1s).front().whole_path);
  CHECK(outages_of(half, {}, all_but(1s, 1500ms), 4, 1s).front().whole_path); // the others wanted nothing
  CHECK_FALSE(outages_of(half, {}, all_but(1s, 1400ms), 4, 1s).front().whole_path);
  CHECK_FALSE(
      outages_of({{0, 1s, 15ms}}, always(), all_but(1s, 1500ms), 4, 1s).front().whole_path); // too short to tell
}

TEST_CASE("outages: leave out silence that is shorter than asked for, and no lost connection") {
  CHECK(outages_of({{0, 1s, 900ms, 0, true}}, {}, {}, 1, 1s).empty());
  CHECK(outages_of({{0, 1s, 1s, 0, true}}, {}, {}, 1, 1s).size() == 1);
  CHECK(outages_of({{0, 1s, 5ms, 0, false}}, {}, {}, 1, 1s).size() == 1);
}

TEST_CASE("outages: know the replies of all workers") {
  moments one;
  one.add(100ms);
  moments other;
  other.add(900ms);
  one.merge(other);
  CHECK(one.any_between(0ms, 500ms));
  CHECK(one.any_between(500ms, 2s));
  CHECK_FALSE(one.any_between(200ms, 800ms));
}
