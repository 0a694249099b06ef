// Lines of the log, as they reach stderr.
#include "tests/support/capture.hpp"
#include "tests/support/catch.hpp"

#include "shared/process/log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace revecho;
using revecho::testing::captured;

namespace {

constexpr log_level levels[]{log_level::debug, log_level::info, log_level::warning, log_level::error};

std::string written(const logger& log, log_level level, const std::string& message, const log_fields& fields = {}) {
  captured err(STDERR_FILENO);
  log.write(level, message, fields);
  return err.text();
}

nlohmann::ordered_json as_json(const std::string& line) {
  return nlohmann::ordered_json::parse(line, nullptr, false); // "discarded" if it is not JSON
}

// The text with a 'd' for every digit.
std::string shape_of(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return '0' <= c && c <= '9'; }, 'd');
  return text;
}

} // namespace

TEST_CASE("log: writes text as it is, and from a warning on says what it is") {
  const logger log(log_level::debug, log_format::text);
  CHECK(written(log, log_level::debug, "a detail") == "a detail\n");
  CHECK(written(log, log_level::info, "listening on 127.0.0.1:6789") == "listening on 127.0.0.1:6789\n");
  CHECK(written(log, log_level::warning, "hm", {{"peer", "x"}}) == "warning: hm\n");
  CHECK(written(log, log_level::error, "oh") == "error: oh\n");
  CHECK(written(log, log_level::info, "{} {0} %s") == "{} {0} %s\n");
}

TEST_CASE("log: writes a message without fields the same way") {
  captured err(STDERR_FILENO);
  logger(log_level::info, log_format::text).write(log_level::info, "ready");
  logger(log_level::info, log_format::json).write(log_level::info, "ready");
  const auto text = err.text();
  REQUIRE(text.starts_with("ready\n{"));
  CHECK(as_json(text.substr(6))["message"] == "ready");
  CHECK(as_json(text.substr(6)).size() == 3);
}

TEST_CASE("log: writes one JSON object a line, with time, level, message and the fields") {
  const logger log(log_level::debug, log_format::json);
  const auto line =
      written(log, log_level::warning, "two\nlines \"quoted\"", {{"peer", "127.0.0.1:5"}, {"count", std::uint64_t{3}}});
  CHECK(line.ends_with("}\n"));
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  const auto json = as_json(line);
  REQUIRE(json.is_object());
  CHECK(json.size() == 5);
  CHECK(json["level"] == "warning");
  CHECK(json["message"] == "two\nlines \"quoted\"");
  CHECK(json["peer"] == "127.0.0.1:5");
  CHECK(json["count"] == 3);
  const std::string time = json["time"];
  CHECK(shape_of(time) == "dddd-dd-ddTdd:dd:dd.dddZ");
  CHECK(time.starts_with("20"));
}

TEST_CASE("log: names every level in JSON") {
  const logger log(log_level::debug, log_format::json);
  CHECK(as_json(written(log, log_level::debug, "x"))["level"] == "debug");
  CHECK(as_json(written(log, log_level::info, "x"))["level"] == "info");
  CHECK(as_json(written(log, log_level::warning, "x"))["level"] == "warning");
  CHECK(as_json(written(log, log_level::error, "x"))["level"] == "error");
}

TEST_CASE("log: writes bytes that are not UTF-8") {
  const std::string odd = "a\xff\xfe\x80z";
  const auto line = written(logger(log_level::info, log_format::json), log_level::info, odd, {{"field", odd}});
  const auto json = as_json(line);
  REQUIRE(json.is_object());
  const std::string message = json["message"];
  CHECK(message.starts_with("a\xef\xbf\xbd")); // the replacement character
  CHECK(message.ends_with("z"));
  CHECK(json["field"] == message);
  CHECK(written(logger(log_level::info, log_format::text), log_level::info, odd) == odd + "\n");
}

TEST_CASE("log: writes a level from the least one on, and nothing below") {
  for (const auto least : levels) {
    for (const auto level : levels) {
      for (const auto format : {log_format::text, log_format::json}) {
        const logger log(least, format);
        CAPTURE(static_cast<int>(least), static_cast<int>(level));
        CHECK(log.writes(level) == (level >= least));
        CHECK(written(log, level, "x").empty() == (level < least));
      }
    }
  }
}

TEST_CASE("log: keeps the lines of many threads apart") {
  constexpr std::size_t threads = 8;
  constexpr std::size_t each = 200;
  const logger log(log_level::info, log_format::text);
  captured err(STDERR_FILENO);
  {
    std::vector<std::jthread> running;
    for (std::size_t t = 0; t < threads; ++t) {
      running.emplace_back([&log, t] {
        for (std::size_t i = 0; i < each; ++i)
          log.write(log_level::info, std::string(100, static_cast<char>('a' + t)));
      });
    }
  }
  const auto text = err.text();
  std::size_t right = 0;
  for (std::size_t at = 0; at + 101 <= text.size(); at += 101)
    right += text.substr(at, 101) == std::string(100, text[at]) + "\n";
  CHECK(right == threads * each);
  CHECK(text.size() == 101 * threads * each);
}

TEST_CASE("log: drops a line that cannot be written") {
  const int original = ::dup(STDERR_FILENO);
  ::close(STDERR_FILENO);
  logger(log_level::info, log_format::text).write(log_level::error, "nobody reads this");
  ::dup2(original, STDERR_FILENO);
  ::close(original);
  CHECK(written(logger(log_level::info, log_format::text), log_level::info, "but this") == "but this\n");
}
