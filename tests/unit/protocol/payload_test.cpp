// Messages of the load clients.
#include "shared/protocol/payload.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>
#include <string>

using revecho::identify;

namespace {

std::string message_of(std::size_t size, std::uint64_t connection, std::uint64_t sequence) {
  std::string message(size, '\0');
  revecho::payload(connection, sequence, size).copy(0, message);
  return message;
}

} // namespace

TEST_CASE("payload: is the same for the same connection and sequence, and another for any other") {
  std::set<std::string> all;
  for (std::uint64_t connection = 0; connection < 50; ++connection) {
    for (std::uint64_t sequence = 0; sequence < 50; ++sequence) {
      const auto message = message_of(64, connection, sequence);
      CHECK(message == message_of(64, connection, sequence));
      all.insert(message);
    }
  }
  CHECK(all.size() == 2500);
}

TEST_CASE("payload: is never a palindrome, nor has it line breaks, at any size from two bytes") {
  for (std::size_t size = 2; size < 200; ++size) {
    for (std::uint64_t sequence = 0; sequence < 50; ++sequence) {
      const auto message = message_of(size, 3, sequence);
      CAPTURE(size, sequence, message);
      REQUIRE_FALSE(std::equal(message.begin(), message.end(), message.rbegin()));
      REQUIRE(std::all_of(message.begin(), message.end(), [](char c) { return c > ' ' && c < 127; }));
    }
  }
}

TEST_CASE("payload: has no room to vary at one byte, and none to fill at none") {
  CHECK(message_of(1, 1, 1).size() == 1);
  CHECK(message_of(0, 1, 1).empty());
}

TEST_CASE("payload: is the same made in parts") {
  for (const std::size_t size : {1U, 2U, 13U, 14U, 15U, 16U, 64U, 1000U}) {
    const auto whole = message_of(size, 123456, 987654321);
    const revecho::payload parts(123456, 987654321, size);
    for (std::size_t from = 0; from <= size; ++from) {
      for (const std::size_t count : {std::size_t{0}, std::size_t{1}, (size - from) / 2, size - from}) {
        if (from + count > size) continue;
        std::string part(count, '\0');
        parts.copy(from, part);
        CAPTURE(size, from, count);
        REQUIRE(part == whole.substr(from, count));
      }
    }
  }
}

TEST_CASE("payload: says whose it is, if every byte of it is right") {
  for (const std::size_t size : {15U, 64U, 5000U}) {
    auto message = message_of(size, 4711, 1'000'000'007);
    const auto found = identify(message);
    REQUIRE(found);
    CHECK(found->connection == 4711);
    CHECK(found->sequence == 1'000'000'007);
    for (std::size_t i = 0; i < size; i += 7) {
      auto changed = message;
      changed[i] = changed[i] == 'a' ? 'b' : 'a';
      CHECK_FALSE(identify(changed));
    }
  }
  CHECK_FALSE(identify(message_of(14, 1, 1)));
  CHECK_FALSE(identify(std::string(100, 'x')));
}
