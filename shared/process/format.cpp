#include "shared/process/format.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

namespace revecho {
namespace {

struct unit {
  std::string_view name;
  double factor;
};

// The number with three digits, or more where they stand before the decimal point.
std::string three_digits(double number) {
  const int decimals = number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", number, decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

// The largest unit in which the number, once rounded, is at least 1.
std::string format_with_unit(double number, std::span<const unit> units, std::string_view gap) {
  const unit* best = &units.front();
  for (const unit& u : units) {
    if (number >= u.factor * 0.9995) best = &u;
  }
  const std::string digits = best->factor == 1 ? fmt::format("{:.0f}", number) : three_digits(number / best->factor);
  return fmt::format("{}{}{}", digits, best->name.empty() ? "" : gap, best->name);
}

} // namespace

std::string format_duration(std::chrono::nanoseconds duration) {
  using namespace std::chrono_literals;
  constexpr std::array units{unit{"ns", 1}, unit{"us", 1e3}, unit{"ms", 1e6}, unit{"s", 1e9}};
  if (duration == 0ns) return "0";
  if (duration < 1min - 50ms) return format_with_unit(static_cast<double>(duration.count()), units, " ");
  const auto seconds = std::chrono::round<std::chrono::seconds>(duration).count();
  if (seconds < 3600)
    return seconds % 60 == 0 ? fmt::format("{}m", seconds / 60) : fmt::format("{}m {}s", seconds / 60, seconds % 60);
  const auto minutes = seconds / 60;
  return minutes % 60 == 0 ? fmt::format("{}h", minutes / 60) : fmt::format("{}h {}m", minutes / 60, minutes % 60);
}

std::string format_size(double bytes) {
  constexpr std::array units{unit{"B", 1}, unit{"KiB", 0x1p10}, unit{"MiB", 0x1p20}, unit{"GiB", 0x1p30}};
  return format_with_unit(bytes, units, " ");
}

std::string format_count(double number) {
  constexpr std::array units{unit{"", 1}, unit{"k", 1e3}, unit{"M", 1e6}, unit{"G", 1e9}};
  return format_with_unit(number, units, "");
}

std::string escape_bytes(std::span<const char> bytes) {
  std::string text;
  for (const char c : bytes) {
    const bool is_plain = c >= ' ' && c < '\x7f' && c != '"' && c != '\\';
    text += is_plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string format_time(std::chrono::system_clock::time_point time) {
  return fmt::format(
      "{:%Y-%m-%d}T{}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)), format_time_of_day(time));
}

std::string format_time_of_day(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)), milliseconds);
}

} // namespace revecho
