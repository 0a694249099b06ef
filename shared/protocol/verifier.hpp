// Is this the reply to that message? Reply bytes in, a verdict out. Knows no sockets and no clock.
#pragma once

#include "shared/protocol/framing.hpp"
#include "shared/protocol/message_source.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace revecho {

enum class verdict {
  pending,   ///< right so far, and not complete
  verified,  ///< complete, and every byte is right
  unchanged, ///< the message came back as it was sent
  cut_short, ///< the beginning of the right reply, and no more
  extra,     ///< the right reply, and more bytes
  corrupt,   ///< none of these
};

/// "echoed unchanged"
std::string_view to_string(verdict) noexcept;

/// Checks the replies of one connection, one after the other. A right reply is compared as it arrives, without storage.
/// A wrong one is collected to describe what is wrong, at most most_extra bytes past the longest plausible reply. Takes
/// linear time.
class verifier {
 public:
  static constexpr std::size_t most_extra = 1024;

  /// `longest_message`: of the connection. A wrong reply may be the right one to another message, so up to this size it
  /// is worth collecting even while a shorter one is expected.
  explicit verifier(framing f, std::size_t longest_message = 0) noexcept
      : framing_(f), longest_message_(longest_message) {}

  /// Starts on the reply to a message without framing, which must be sendable (see encoder.hpp), and must live and stay
  /// the same until the verdict. A line is expected to end with '\n' alone.
  void expect(const message_source& message);

  /// The next bytes of the reply; takes those off the front of `bytes` that belong to it. Any verdict but pending is
  /// final; what is left then belongs to the next reply, if one is owed. In eof a reply that is not too long is
  /// complete only with receive_end().
  verdict receive(std::span<const char>& bytes);

  /// The stream has ended.
  verdict receive_end();

  /// The reply received, without framing, valid until expect(). Rebuilds the verified part, which is not stored.
  std::span<const char> reply();

  /// After `verified`: in how many pieces the server answered. More than 1 only in raw.
  std::size_t pieces() const noexcept { return pieces_; }

  /// Reply bytes received, and how many a right reply has.
  std::size_t received() const noexcept { return diverged_ ? collected_.size() : received_; }
  std::size_t expected() const noexcept;

  /// True once a byte differs from the right reply in one piece.
  bool is_wrong() const noexcept { return diverged_; }

  /// After a wrong reply: is it clear where the next one begins? Not if its end has not come within what is collected.
  bool is_delimited() const noexcept { return delimited_; }

 private:
  void copy_expected(std::size_t offset, std::span<char> to) const noexcept;
  std::size_t count_matching(std::span<const char> bytes) const noexcept;
  std::size_t most_collected() const noexcept;
  std::size_t collect(std::span<const char> bytes);
  verdict judge();

  framing framing_;
  std::size_t longest_message_;
  const message_source* message_ = nullptr;
  std::size_t received_ = 0; // bytes, all as expected
  std::size_t pieces_ = 1;
  std::vector<char> collected_; // the reply as it came, once it is not as expected
  bool diverged_ = false;
  bool delimited_ = false; // collected_ has a whole reply
};

} // namespace revecho
