// What went wrong, one by one: a message or a connection, when, and between which addresses. All are counted by their
// kind, and the first few of each kind are kept; so are the ends of connections, if asked for. Knows no I/O and no
// clock.
#pragma once

#include "shared/net/address.hpp"
#include "shared/protocol/payload.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::stress {

/// Kinds of faults: first those of wrong replies, of which there are wrong_kinds.
enum class fault : std::uint8_t {
  unchanged,        ///< the message as it was sent
  cut_short,        ///< the beginning of the right reply
  extra_bytes,      ///< the right reply and more, or bytes that nobody asked for
  repeated,         ///< the reply to an earlier message of this connection
  out_of_order,     ///< the reply to a later message of this connection
  other_connection, ///< the reply to a message of another connection
  corrupt,          ///< none of these

  closed,    ///< lost: the peer closed the connection
  reset,     ///< lost: the peer reset it
  failed,    ///< lost: it failed in another way, or had no more use
  overtaken, ///< lost, as it seems: a later reply came first
  no_end,    ///< lost: after the last reply came an error instead of the end of the stream

  late,     ///< no reply within the time-out
  late_end, ///< late: no end of the stream within the time-out

  refused,       ///< no connection: refused
  not_connected, ///< no connection, for another reason

  closed_early, ///< the peer ended the connection while it owed nothing
};
inline constexpr std::size_t wrong_kinds = 7;
inline constexpr std::size_t fault_kinds = 17;

/// "echoed unchanged"
std::string_view to_string(fault) noexcept;

/// The figure that counts it: "wrong", "lost", "late", "connect_failed" or "closed_early".
std::string_view figure_of(fault) noexcept;

/// Both ends of a connection, as far as they are known.
struct connection_path {
  std::optional<socket_address> local{};
  std::optional<socket_address> remote{};
};

struct incident {
  fault kind{};
  std::chrono::steady_clock::time_point at{};
  std::uint64_t client = 0;
  connection_path path{};
  std::optional<std::uint64_t> message{}; ///< by its number in its client; none: no message is concerned
  std::string what{};                     ///< in words
  std::size_t expected_bytes = 0;         ///< of the reply with its framing
  std::size_t received_bytes = 0;
  std::string expected{}; ///< of a wrong reply, in hex: a few bytes, where they begin to differ
  std::string received{};
  std::optional<payload_identity> answers{}; ///< the message that a wrong reply belongs to, if that is known
};

/// "client 3 message 27: lost: …", and more lines if there are bytes to be shown.
std::string words_of(const incident&);

/// Of one thread, until they are merged.
class incidents {
 public:
  static constexpr std::size_t most_examples = 3; ///< of a kind

  /// Keeps this many besides the examples.
  void keep_all(std::size_t most) { most_ = most; }

  /// One more. True if it is to be kept: only then somebody has to find words for it.
  bool count(fault kind) noexcept;
  /// Precondition: count() has just returned true for its kind.
  void keep(incident one) { kept_.push_back(std::move(one)); }
  /// One of these was none after all.
  void take_back(fault kind) noexcept { --counts_[static_cast<std::size_t>(kind)]; }

  std::uint64_t count_of(fault kind) const noexcept { return counts_[static_cast<std::size_t>(kind)]; }
  /// The first ones of that kind. Valid until anything changes.
  std::vector<const incident*> examples(fault kind) const;
  const std::vector<incident>& kept() const noexcept { return kept_; } ///< in order of time, once merged
  std::uint64_t left_out() const noexcept { return left_out_; }        ///< by keep_all()
  /// Forgets all except the examples.
  void drop_kept();

  void merge(const incidents& other);

 private:
  std::array<std::uint64_t, fault_kinds> counts_{};
  std::array<std::uint8_t, fault_kinds> examples_{}; // in kept_, up to most_examples
  std::size_t most_ = 0;
  std::uint64_t left_out_ = 0;
  std::vector<incident> kept_;
};

/// The end of a connection, whoever brought it about.
struct connection_end {
  std::chrono::steady_clock::time_point at{};
  std::uint64_t client = 0;
  connection_path path{};
  std::string_view kind{};                ///< "done", "closed" …
  std::string what{};                     ///< the error, if there was one
  std::optional<std::uint64_t> message{}; ///< the last one of this connection
  std::uint64_t messages = 0;             ///< begun on it
  std::uint64_t sent_bytes = 0;           ///< taken by the kernel
  std::uint64_t received_bytes = 0;
  std::chrono::nanoseconds lasted{};
};

/// The first ones, up to a limit, of one thread.
class connection_ends {
 public:
  void keep_all(std::size_t most) { most_ = most; }
  bool is_wanted() const noexcept { return most_ > 0; }
  void add(connection_end one);
  const std::vector<connection_end>& kept() const noexcept { return kept_; }
  std::uint64_t left_out() const noexcept { return left_out_; }
  void merge(const connection_ends& other);

 private:
  std::size_t most_ = 0;
  std::uint64_t left_out_ = 0;
  std::vector<connection_end> kept_;
};

} // namespace revecho::stress
