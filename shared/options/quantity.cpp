#include "shared/options/quantity.hpp"

#include "shared/options/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <stdexcept>

namespace revecho {
namespace {

struct unit {
  std::string_view name;
  double factor;
};

constexpr std::array duration_units{
    unit{"ns", 1}, unit{"us", 1e3}, unit{"ms", 1e6}, unit{"s", 1e9}, unit{"m", 60e9}, unit{"h", 3600e9}};

constexpr std::array size_units{unit{"", 1}, unit{"B", 1}, unit{"kB", 1e3}, unit{"MB", 1e6}, unit{"GB", 1e9},
    unit{"KiB", 0x1p10}, unit{"MiB", 0x1p20}, unit{"GiB", 0x1p30}};

constexpr double largest_size = 0x1p53; // up to here a double holds every whole number

// A decimal number without sign or exponent, then one of the units.
std::optional<double> parse_with_unit(std::string_view text, std::span<const unit> units) {
  const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
  if (digits == 0) return std::nullopt;
  const char* const end = text.data() + digits;
  double number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == text.substr(digits); });
  if (found == units.end()) return std::nullopt;
  return number * found->factor;
}

} // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
  if (text == "0") return {};
  const auto nanoseconds = parse_with_unit(text, duration_units);
  if (!nanoseconds)
    throw std::invalid_argument(fmt::format("'{}' is not a duration: write it like 250us, 10ms, 5s or 2m", text));
  if (*nanoseconds > static_cast<double>(limits::max_duration.count()))
    throw std::invalid_argument(fmt::format("'{}' is too long: a year (8760h) is the most", text));
  return std::chrono::nanoseconds{std::llround(*nanoseconds)};
}

std::size_t parse_size(std::string_view text) {
  const auto bytes = parse_with_unit(text, size_units);
  if (!bytes || *bytes != std::floor(*bytes))
    throw std::invalid_argument(fmt::format("'{}' is not a size: write it like 64, 1KiB or 1MiB", text));
  if (*bytes > largest_size) throw std::invalid_argument(fmt::format("'{}' is too large a size", text));
  return static_cast<std::size_t>(*bytes);
}

std::uint64_t parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end || number < least || number > most)
    throw std::invalid_argument(fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
  return number;
}

} // namespace revecho
