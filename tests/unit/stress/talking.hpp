// A conversation without a server: what the client says, what a right server would answer, and what came of it, as text
// to compare.
#pragma once

#include "shared/protocol/encoder.hpp"
#include "tests/unit/protocol/decoding.hpp"
#include "tools/stress/conversation.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace revecho::stress {

using namespace std::chrono_literals;

inline constexpr std::uint64_t this_client = 7;
inline constexpr std::uint64_t unlimited = ~std::uint64_t{0};
inline constexpr steady::time_point start_of_level{1h};

inline workload some_work(framing f, std::size_t pipeline = 1) {
  workload work;
  work.framing_kind = f;
  work.pipeline = pipeline;
  work.timeout = 10s;
  return work;
}

/// A message, without framing.
std::string message_of(std::uint64_t client, std::uint64_t sequence, std::size_t size);
/// The same in a frame, and the right reply to it.
std::string frame_of(framing, std::string message);
std::string reply_to(framing, std::uint64_t client, std::uint64_t sequence, std::size_t size);

/// A client that is connected, and everything around it.
struct talk {
  explicit talk(workload kind);

  /// Starts as many messages of that size as may be, at most `count`; all of it is written at once.
  void say(std::size_t size, std::size_t count = 1);
  std::size_t hear(const std::string& bytes) { return client.receive(bytes, now); }
  std::size_t hear(const revecho::testing::pieces& pieces);
  std::string reply(std::uint64_t sequence, std::size_t size) const {
    return reply_to(work.framing_kind, this_client, sequence, size);
  }
  level_result& result() { return results.result(); }

  /// Of what went wrong, in words and in order of time.
  std::vector<std::string> examples();
  /// "verified 3, short 1, lost 2": all counts that are not zero, in the order of level_result.
  std::string outcome();

  workload work;
  steady::time_point now = start_of_level;
  recorder results{work, true};
  conversation client{work, this_client, results};
  std::string said;
};

/// Checks that a talk which hears those bytes, whole, byte by byte, and cut at every place, has that outcome.
void check_every_way(const workload&, const std::function<void(talk&)>& before, const std::string& bytes,
    const std::string& outcome, const std::function<void(talk&)>& after = {});

} // namespace revecho::stress
