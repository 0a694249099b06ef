// A server's counters.
#include "tests/support/catch.hpp"

#include "shared/process/statistics.hpp"

#include <chrono>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace revecho;

namespace {

count counter(std::size_t i) { return static_cast<count>(i); }

statistics_snapshot with(std::initializer_list<std::pair<count, std::uint64_t>> values) {
  statistics_snapshot result;
  for (const auto& [c, value] : values)
    result.values[static_cast<std::size_t>(c)] = value;
  return result;
}

} // namespace

TEST_CASE("statistics: starts at zero and counts every kind for itself") {
  statistics s;
  for (std::size_t i = 0; i < count_kinds; ++i)
    CHECK(s.snapshot()[counter(i)] == 0);
  for (std::size_t i = 0; i < count_kinds; ++i)
    s.add(counter(i), i + 1);
  s.add(count::messages);
  for (std::size_t i = 0; i < count_kinds; ++i)
    CHECK(s.snapshot()[counter(i)] == i + 1 + (counter(i) == count::messages ? 1 : 0));
}

TEST_CASE("statistics: sums what all threads added, be they more than there are shards") {
  constexpr std::size_t threads = 40;
  constexpr std::size_t each = 5000;
  statistics s;
  {
    std::vector<std::jthread> running;
    for (std::size_t t = 0; t < threads; ++t) {
      running.emplace_back([&] {
        for (std::size_t i = 0; i < each; ++i) {
          s.add(count::messages);
          s.add(count::bytes_sent, 3);
        }
      });
    }
  }
  CHECK(s.snapshot()[count::messages] == threads * each);
  CHECK(s.snapshot()[count::bytes_sent] == 3 * threads * each);
  CHECK(s.snapshot()[count::bytes_received] == 0);
}

TEST_CASE("statistics: knows how many connections are open, and never less than none") {
  CHECK(with({{count::accepted, 10}, {count::served, 3}, {count::probes, 1}, {count::refused, 1}}).open() == 5);
  CHECK(with({{count::accepted, 5}, {count::served, 4}, {count::refused, 1}}).open() == 0);
  CHECK(with({{count::accepted, 5}, {count::served, 6}}).open() == 0); // ended between two readings
}

TEST_CASE("summary: says in words what was served") {
  CHECK(summary({}) == "served 0 connections, 0 messages, 0 B in, 0 B out");
  CHECK(summary(with({{count::served, 1}, {count::messages, 1}, {count::bytes_received, 1}, {count::bytes_sent, 1}})) ==
        "served 1 connection, 1 message, 1 B in, 1 B out");
  CHECK(summary(with({{count::served, 12}, {count::messages, 340}, {count::bytes_received, 22323},
            {count::bytes_sent, 1536}})) == "served 12 connections, 340 messages, 21.8 KiB in, 1.5 KiB out");
}

TEST_CASE("summary: adds every trouble that there was, and no other") {
  const auto nothing = summary({});
  const std::vector<std::pair<count, std::string>> troubles{{count::probes, "left without a byte"},
      {count::refused, "refused"}, {count::too_long, "over the message limit"},
      {count::truncated, "ended inside a message"}, {count::no_proxy_header, "without a PROXY header"},
      {count::bad_proxy_header, "with a malformed PROXY header"},
      {count::long_proxy_header, "with a PROXY header over the limit"},
      {count::truncated_proxy_header, "ended inside the PROXY header"}, {count::idle_timeouts, "timed out idle"},
      {count::message_timeouts, "timed out in a message"}, {count::write_timeouts, "timed out not reading"},
      {count::connection_errors, "reset or failed"}, {count::accept_failures, "failures to accept"}};
  std::string all = nothing;
  statistics_snapshot every;
  for (const auto& [c, words] : troubles) {
    CHECK(summary(with({{c, 7}})) == nothing + "; 7 " + words);
    every.values[static_cast<std::size_t>(c)] = 2;
    all += "; 2 " + words;
  }
  CHECK(summary(every) == all);
  CHECK(summary(with({{count::accepted, 7}})) == nothing);
}

TEST_CASE("statistics: gives the log every counter by its own name, and the open connections") {
  statistics_snapshot s;
  for (std::size_t i = 0; i < count_kinds; ++i)
    s.values[i] = 100 - i;
  const auto fields = to_fields(s);
  REQUIRE(fields.size() == count_kinds + 2);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < count_kinds; ++i) {
    const auto& [name, value] = fields[i];
    CAPTURE(name);
    CHECK(name == to_string(counter(i)));
    CHECK(std::get<std::uint64_t>(value) == 100 - i);
    names.insert(name);
  }
  CHECK(names.size() == count_kinds);
  CHECK(fields[count_kinds].first == "open");
  CHECK(std::get<std::uint64_t>(fields[count_kinds].second) == s.open());
  CHECK(fields.back().first == "accepted_by_busiest_thread");
  CHECK(to_string(count::bytes_received) == "bytes_received");
  CHECK(to_string(count::accept_failures) == "accept_failures");
}

TEST_CASE("statistics: tell how many connections the busiest thread has accepted") {
  statistics s;
  for (const std::uint64_t connections : {2U, 5U, 3U})
    std::thread([&] { s.add(count::accepted, connections); }).join();
  std::thread([&] { s.add(count::messages, 9); }).join();
  CHECK(s.snapshot().accepted_by_busiest_thread == 5);
}

TEST_CASE("statistics: tell how long connections waited to be accepted, as far as that is known") {
  statistics s;
  for (int i = 0; i < 20; ++i)
    s.add_accept_wait(std::chrono::milliseconds{i < 19 ? 3 : 1300});
  const auto waits = s.accept_waits();
  std::map<std::string_view, std::uint64_t> told;
  for (const auto& [name, value] : to_fields({}, waits))
    told[name] = std::get<std::uint64_t>(value);
  CHECK(told.at("accept_wait_p50_ms") == 3);
  CHECK(told.count("accept_wait_p99_ms") == 0); // one of twenty is beyond it
  CHECK(told.at("accept_wait_max_ms") == 1300);
}
