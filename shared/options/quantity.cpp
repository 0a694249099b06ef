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

struct named_factor {
  std::string_view name;
  double factor;
};

constexpr std::array duration_units{named_factor{"ns", 1}, named_factor{"us", 1e3}, named_factor{"ms", 1e6},
    named_factor{"s", 1e9}, named_factor{"m", 60e9}, named_factor{"h", 3600e9}};

constexpr std::array size_units{named_factor{"", 1}, named_factor{"B", 1}, named_factor{"kB", 1e3},
    named_factor{"MB", 1e6}, named_factor{"GB", 1e9}, named_factor{"KiB", 0x1p10}, named_factor{"MiB", 0x1p20},
    named_factor{"GiB", 0x1p30}};

constexpr double largest_size = 0x1p53; // up to here a double holds every whole number

// A decimal number without sign or exponent, then one of the units.
std::optional<double> parse_with_unit(std::string_view text, std::span<const named_factor> units) {
  const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
  if (digits == 0) return std::nullopt;
  const char* const end = text.data() + digits;
  double number = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const named_factor& u) { return u.name == text.substr(digits); });
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
