// Random numbers by a law that an option names: how long a costly operation takes, how large a message is.
#pragma once

#include "shared/protocol/random.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace revecho {

/// A law for durations, or other numbers. A value: draws change only the generator passed in, so one object serves all
/// threads.
class distribution {
 public:
  /// Always zero.
  distribution() = default;

  /// Always this number.
  explicit distribution(double value);

  /// "10ms" or "fixed:10ms"; "uniform:0s..5s", both ends included; "exp:50ms", the exponential law with that mean.
  /// Throws std::invalid_argument with a message for people.
  static distribution parse(std::string_view);

  /// The same for what else can be written as text: `unit` makes a number of it, or throws std::invalid_argument.
  static distribution parse(std::string_view, double (*unit)(std::string_view));

  /// A duration; of other laws, the number rounded.
  std::chrono::nanoseconds draw(random_bits&) const;

  /// True when every draw is zero: no reason to wait.
  bool is_zero() const noexcept { return last_ == 0; }

  std::chrono::nanoseconds mean() const;

  /// The most that can be drawn; of the exponential law, its mean.
  double largest() const noexcept { return last_; }

  /// False for the exponential law.
  bool is_bounded() const noexcept { return law_ != law::exponential; }

  /// As it was written.
  const std::string& text() const noexcept { return text_; }

 private:
  enum class law { fixed, uniform, exponential };
  law law_ = law::fixed;
  double first_ = 0; // the least of uniform; durations in nanoseconds
  double last_ = 0;  // the value of fixed, the most of uniform, the mean of exponential
  std::string text_ = "0";
};

} // namespace revecho
