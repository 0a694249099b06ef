// The words for a reply that did not come as it should.
#include "tests/support/catch.hpp"

#include "shared/protocol/failure.hpp"

#include <span>
#include <string_view>

using namespace revecho;

TEST_CASE("failure: says how much of the reply came, its framing included") {
  const kept_message message("abcde");
  verifier check(framing::length);
  check.expect(message);
  std::span<const char> bytes = std::string_view("\0\0\0\5edc", 7);
  check.receive(bytes);
  CHECK(describe_late(check, "10 s") == "late: no more after 7 of 9 bytes of the reply in 10 s");
  CHECK(describe_lost(check, "Connection reset by peer") ==
        "lost: Connection reset by peer, after 7 of 9 bytes of the reply");
  CHECK(describe_missing(check) == "missing: the connection was closed after 7 of 9 bytes of the reply");
}

TEST_CASE("failure: names what is wrong with a reply") {
  CHECK(describe_wrong(to_string(verdict::cut_short)) == "wrong reply: short");
}
