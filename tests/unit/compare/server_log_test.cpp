// Parsing the log of a server.
#include "tests/support/catch.hpp"
#include "tools/compare/server_log.hpp"

#include <string>

using namespace revecho::compare;

namespace {

const std::string listening = R"({"time":"2026-01-31T12:00:00.000Z","level":"info","message":"listening"})";
const std::string trouble = R"({"time":"2026-01-31T12:00:01.000Z","level":"warning","message":"it is \"late\""})";

std::string totals(const std::string& waits) {
  return R"({"time":"2026-01-31T12:00:02.000Z","level":"info","message":"served 8 connections","accepted":8)" + waits +
         "}";
}

} // namespace

TEST_CASE("server log: tells how long connections waited to be accepted, by its last statistics") {
  const auto log = totals(R"(,"accept_wait_max_ms":1)") + '\n' + trouble + '\n' +
                   totals(R"(,"accept_wait_p50_ms":3,"accept_wait_p99_ms":40,"accept_wait_max_ms":1300)") + '\n';
  const auto waits = accepts_in(log);
  CHECK(waits.wait_p50_us == 3000.0);
  CHECK(waits.wait_p99_us == 40'000.0);
  CHECK(waits.wait_max_us == 1'300'000.0);
}

TEST_CASE("server log: knows of no waits what it does not say") {
  const auto few = accepts_in(totals(R"(,"accept_wait_max_ms":7)"));
  CHECK_FALSE(few.wait_p50_us);
  CHECK_FALSE(few.wait_p99_us);
  CHECK(few.wait_max_us == 7000.0);
  CHECK_FALSE(accepts_in(totals("")).wait_max_us);
  CHECK_FALSE(accepts_in("…rest of a line\n[1]\n").wait_max_us);
  CHECK_FALSE(accepts_in("").wait_max_us);
}

TEST_CASE("server log: tells which part of the connections the busiest thread accepted") {
  CHECK(accepts_in(totals(R"(,"accepted_by_busiest_thread":6)")).busiest_thread == 0.75);
  CHECK_FALSE(accepts_in(totals("")).busiest_thread);
  CHECK_FALSE(accepts_in(R"({"accepted":0,"accepted_by_busiest_thread":0})").busiest_thread);
  CHECK_FALSE(accepts_in(R"({"accepted":"8","accepted_by_busiest_thread":6})").busiest_thread);
}

TEST_CASE("server log: shows people what went wrong, and what is no line of a log as it stands") {
  CHECK(readable(listening + '\n' + trouble + "\nAddressSanitizer: no\n") ==
        "warning: it is \"late\"\nAddressSanitizer: no");
  CHECK(readable(listening + '\n').empty());
}
