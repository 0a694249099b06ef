// Durations, sizes and counts: what is taken, what is refused, and how they are written.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"

#include "shared/options/limits.hpp"
#include "shared/options/quantity.hpp"
#include "shared/process/format.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace revecho;
using revecho::test::contains;
using namespace std::chrono_literals;

namespace {

// The message with which a value is refused; empty if it is taken.
template <class Parse>
std::string refusal(Parse parse) {
  try {
    static_cast<void>(parse());
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

const std::vector<std::string> never_a_number{
    "", " ", "-1", "+5", "1e99", "1e3", "0x10", "nan", "inf", ".", "..", "1.2.3", " 1", "1 ", "1,5", "one", "-", "\n"};

} // namespace

TEST_CASE("parse_duration: takes numbers with a unit") {
  const std::vector<std::pair<std::string, std::chrono::nanoseconds>> good{{"0", 0ns}, {"0s", 0ns}, {"0ns", 0ns},
      {"80ns", 80ns}, {"250us", 250us}, {"10ms", 10ms}, {"5s", 5s}, {"2m", 2min}, {"1h", 1h}, {"1.5s", 1500ms},
      {"0.5ms", 500us}, {".5s", 500ms}, {"5.s", 5s}, {"007s", 7s}, {"0.1s", 100ms}, {"1.000000001s", 1s + 1ns},
      {"0.4ns", 0ns}, {"8760h", limits::max_duration}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    CHECK(parse_duration(text) == value);
  }
}

TEST_CASE("parse_duration: refuses anything else, and says how to write it") {
  std::vector<std::string> bad{"5", "00", "1 s", "1S", "1sec", "1.5", "s", "-1s", "+1s", "1s ", " 1s", "1s1ms", "1e3s",
      "1d", "1us2", "0x1s", ".s", "..5s", "1.5.5s", "1µs", std::string(400, '9') + "s"};
  bad.insert(bad.end(), never_a_number.begin(), never_a_number.end());
  for (const auto& text : bad) {
    CAPTURE(text);
    const auto message = refusal([&] { return parse_duration(text); });
    CHECK_THAT(message, contains("'" + text + "'"));
    CHECK_THAT(message, contains("250us, 10ms, 5s or 2m"));
  }
}

TEST_CASE("parse_duration: refuses more than a year, and says so") {
  for (const std::string text : {"9999h", "8760.001h", "99999999999999999999s"}) {
    CAPTURE(text);
    CHECK_THAT(refusal([&] { return parse_duration(text); }), contains("a year (8760h) is the most"));
  }
}

TEST_CASE("parse_size: takes whole numbers of bytes with and without unit") {
  const std::vector<std::pair<std::string, std::size_t>> good{{"0", 0}, {"64", 64}, {"64B", 64}, {"1kB", 1000},
      {"1MB", 1'000'000}, {"2GB", 2'000'000'000}, {"1KiB", 1024}, {"1.5KiB", 1536}, {"1MiB", 1048576},
      {"1GiB", 1073741824}, {"0.5KiB", 512}, {"1.5kB", 1500}, {"9007199254740992", std::size_t{1} << 53U}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    CHECK(parse_size(text) == value);
  }
}

TEST_CASE("parse_size: refuses anything else, and says how to write it") {
  std::vector<std::string> bad{"1.5", "0.3KiB", "1 KiB", "1K", "1k", "1KB", "1kib", "1Mib", "1TB", "KiB", "-1KiB",
      "1KiB ", "1e3KiB", std::string(400, '9')};
  bad.insert(bad.end(), never_a_number.begin(), never_a_number.end());
  for (const auto& text : bad) {
    CAPTURE(text);
    const auto message = refusal([&] { return parse_size(text); });
    CHECK_THAT(message, contains("'" + text + "'"));
    CHECK_THAT(message, contains("64, 1KiB or 1MiB"));
  }
}

TEST_CASE("parse_size: refuses more than 2^53 bytes, and says so") {
  for (const std::string text : {"9007199254740994", "99999999GiB"}) {
    CAPTURE(text);
    CHECK_THAT(refusal([&] { return parse_size(text); }), contains("too large"));
  }
}

TEST_CASE("parse_count: takes whole numbers from the least to the most") {
  CHECK(parse_count("0", 0, 9) == 0);
  CHECK(parse_count("5", 5, 7) == 5);
  CHECK(parse_count("7", 5, 7) == 7);
  CHECK(parse_count("007", 5, 7) == 7);
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  CHECK(parse_count("18446744073709551615", 0, largest) == largest);
}

TEST_CASE("parse_count: refuses anything else, and says what is allowed") {
  std::vector<std::string> bad{"4", "0", "65536", "18446744073709551616", "99999999999999999999999", "5k", "5.0", "5s"};
  bad.insert(bad.end(), never_a_number.begin(), never_a_number.end());
  for (const auto& text : bad) {
    CAPTURE(text);
    const auto message = refusal([&] { return parse_count(text, 5, 65535); });
    CHECK_THAT(message, contains("'" + text + "'"));
    CHECK_THAT(message, contains("from 5 to 65535"));
  }
}

TEST_CASE("format_duration: writes three digits and the unit that suits") {
  const std::vector<std::pair<std::chrono::nanoseconds, std::string>> table{{0ns, "0"}, {1ns, "1 ns"},
      {830ns, "830 ns"}, {999ns, "999 ns"}, {1us, "1 us"}, {1240us, "1.24 ms"}, {1500ms, "1.5 s"}, {12345ms, "12.3 s"},
      {59s, "59 s"}, {60s, "1m"}, {61s, "1m 1s"}, {5min, "5m"}, {90s, "1m 30s"}, {59min + 59s, "59m 59s"}, {1h, "1h"},
      {90min, "1h 30m"}, {24h, "24h"}, {limits::max_duration, "8760h"}};
  for (const auto& [duration, text] : table) {
    CAPTURE(duration.count());
    CHECK(format_duration(duration) == text);
  }
}

TEST_CASE("format_duration: goes to the next unit rather than write 1000 of one") {
  const std::vector<std::pair<std::chrono::nanoseconds, std::string>> table{{999499ns, "999 us"}, {999500ns, "1 ms"},
      {999600ns, "1 ms"}, {999999ns, "1 ms"}, {999600us, "1 s"}, {999999999ns, "1 s"}, {9994us, "9.99 ms"},
      {9995us, "10 ms"}, {9996us, "10 ms"}, {99940us, "99.9 ms"}, {99960us, "100 ms"}, {59940ms, "59.9 s"},
      {59960ms, "1m"}, {59999999999ns, "1m"}, {59min + 59600ms, "1h"}, {119600ms, "2m"}};
  for (const auto& [duration, text] : table) {
    CAPTURE(duration.count());
    CHECK(format_duration(duration) == text);
  }
}

TEST_CASE("format_duration: writes what is near to the truth") {
  for (double value = 1; value < 4e15; value *= 1.0137) {
    const auto nanoseconds = static_cast<std::int64_t>(value);
    const std::string text = format_duration(std::chrono::nanoseconds{nanoseconds});
    std::int64_t back = 0; // "1h 30m" and "1.24 ms" are durations again without their gaps
    std::string part;
    const bool compound = text.find("m ") != std::string::npos || text.find("h ") != std::string::npos;
    for (const char c : text + (compound ? " " : "")) {
      if (c != ' ') part += c;
      if (c == ' ' && compound) back += parse_duration(std::exchange(part, "")).count();
    }
    if (!compound) back = parse_duration(part).count();
    CAPTURE(nanoseconds, text);
    CHECK(std::abs(static_cast<double>(back - nanoseconds)) <= 0.017 * value); // at most a minute of an hour
  }
}

TEST_CASE("format_size: writes three or four digits and a power of 1024") {
  const std::vector<std::pair<double, std::string>> table{{0, "0 B"}, {64, "64 B"}, {1023, "1023 B"}, {1024, "1 KiB"},
      {1536, "1.5 KiB"}, {22323, "21.8 KiB"}, {1023.0 * 1024, "1023 KiB"}, {1048575, "1 MiB"}, {1048576, "1 MiB"},
      {1.5 * 0x1p30, "1.5 GiB"}, {0x1p40, "1024 GiB"}};
  for (const auto& [bytes, text] : table) {
    CAPTURE(bytes);
    CHECK(format_size(bytes) == text);
  }
}

TEST_CASE("format_count: writes three digits and a power of 1000") {
  const std::vector<std::pair<double, std::string>> table{{0, "0"}, {1, "1"}, {999, "999"}, {999.6, "1k"}, {1000, "1k"},
      {1234, "1.23k"}, {12345, "12.3k"}, {999499, "999k"}, {999600, "1M"}, {1.05e6, "1.05M"}, {2.5e9, "2.5G"}};
  for (const auto& [number, text] : table) {
    CAPTURE(number);
    CHECK(format_count(number) == text);
  }
}

TEST_CASE("format: writes times in UTC, with milliseconds") {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds{1'769'860'800'007}};
  CHECK(format_time(time) == "2026-01-31T12:00:00.007Z");
  CHECK(format_time_of_day(time) == "12:00:00.007");
}
