#include "shared/options/distribution.hpp"

#include "shared/options/quantity.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace revecho {
namespace {

double nanoseconds(std::string_view text) { return static_cast<double>(parse_duration(text).count()); }

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

} // namespace

distribution::distribution(double value) : last_(value), text_(fmt::format("{}", value)) {}

distribution distribution::parse(std::string_view text) { return parse(text, nanoseconds); }

distribution distribution::parse(std::string_view text, double (*unit)(std::string_view)) {
  distribution d;
  d.text_ = text;
  if (std::string_view range = text; take_prefix(range, "uniform:")) {
    const auto dots = range.find("..");
    if (dots == range.npos)
      throw std::invalid_argument(fmt::format("'{}' is not a range: write it like uniform:0s..5s", text));
    d.law_ = law::uniform;
    d.first_ = unit(range.substr(0, dots));
    d.last_ = unit(range.substr(dots + 2));
    if (d.first_ > d.last_)
      throw std::invalid_argument(fmt::format("'{}': the range must start at its smaller end", text));
  } else if (std::string_view mean = text; take_prefix(mean, "exp:")) {
    d.law_ = law::exponential;
    d.last_ = unit(mean);
  } else {
    std::string_view value = text;
    take_prefix(value, "fixed:");
    if (value.find(':') != value.npos)
      throw std::invalid_argument(
          fmt::format("'{}' is not a distribution: write it like 10ms, uniform:0s..5s or exp:50ms", text));
    d.last_ = unit(value);
  }
  return d;
}

std::chrono::nanoseconds distribution::draw(random_bits& random) const {
  double value = last_;
  if (law_ == law::uniform) value = first_ + random.fraction() * (last_ - first_);
  if (law_ == law::exponential) value = -last_ * std::log1p(-random.fraction());
  return std::chrono::nanoseconds{std::llround(value)};
}

std::chrono::nanoseconds distribution::mean() const {
  return std::chrono::nanoseconds{std::llround(law_ == law::uniform ? (first_ + last_) / 2 : last_)};
}

} // namespace revecho
