// Classifies a wrong reply: which message it answers instead, and where it differs. Knows no connection and no clock.
#pragma once

#include "shared/protocol/payload.hpp"
#include "shared/protocol/verifier.hpp"
#include "tools/stress/results.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace revecho::stress {

/// Messages of one client that were given up because a later one was answered first: the latest ten thousand.
class skipped_messages {
 public:
  void add(std::uint64_t sequence);
  /// Was it given up? It is forgotten then: its reply has come.
  bool take(std::uint64_t sequence);

 private:
  std::vector<std::uint64_t> sequences_;
};

struct judgement {
  fault kind = fault::corrupt;
  std::optional<payload_identity> whose; ///< of the message that the reply answers, if that is another one
  bool was_skipped = false;              ///< it answers a message given up before
};

/// Judges a whole wrong reply, without its framing, that came while message `sequence` of client `number` was owed its
/// own. Takes from `skipped` the message that it answers.
judgement judge_wrong(
    verdict v, std::span<const char> reply, std::uint64_t number, std::uint64_t sequence, skipped_messages& skipped);

/// Judges bytes that came while no reply was owed. `check` has received them, and expects the last reply once more.
judgement judge_unasked(verdict v, verifier& check, std::uint64_t number, skipped_messages& skipped);

/// The bytes from `from` on, the first few of them: "… at 24: 61 62 …"
std::string hex(std::span<const char> bytes, std::size_t from);

/// In hex, where the reply begins to differ from the right one.
struct difference {
  std::string expected;
  std::string received;
};
difference show_difference(const payload& message, std::span<const char> reply);

} // namespace revecho::stress
