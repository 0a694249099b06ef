// The command line of revecho-stress: where connections come from.
#include "tests/support/capture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"

#include "shared/options/command_line.hpp"
#include "tools/stress/options.hpp"

#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using revecho::test::contains;

using words = std::vector<std::string>;

namespace {

struct answer {
  std::optional<stress_options> options;
  std::string errors;
};

answer parsed(const words& arguments) {
  std::vector<const char*> argv{"revecho-stress"};
  for (const auto& argument : arguments)
    argv.push_back(argument.c_str());
  answer a;
  revecho::testing::captured errors(STDERR_FILENO);
  try {
    a.options = parse_stress_options(static_cast<int>(argv.size()), argv.data());
  } catch (const early_exit&) { // errors has the reason
  }
  a.errors = errors.text();
  return a;
}

words sources_of(const std::string& range) {
  words hosts;
  const auto answered = parsed({"--source", range});
  for (const auto& each : answered.options.value().work.sources)
    hosts.push_back(each.host());
  return hosts;
}

} // namespace

TEST_CASE("stress options: take ranges of addresses of both families, over the ends of their parts") {
  CHECK(sources_of("127.0.0.2") == words{"127.0.0.2"});
  CHECK(sources_of("10.0.0.254-10.0.1.1") == words{"10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"});
  CHECK(sources_of("fd00::7") == words{"fd00::7"});
  CHECK(sources_of("fd00::fffe-fd00::1:1") == words{"fd00::fffe", "fd00::ffff", "fd00::1:0", "fd00::1:1"});
  CHECK(sources_of("::1-::1") == words{"::1"});
  CHECK(sources_of("10.0.0.0-10.0.255.255").size() == 65'536);
  CHECK(sources_of("fd00::-fd00::ffff").size() == 65'536);
}

TEST_CASE("stress options: refuse ranges of addresses that are none, or too large") {
  for (const std::string bad : {"10.0.0.2-10.0.0.1", "fd00::2-fd00::1", "10.0.0.1-::1", "::1-10.0.0.1",
           "10.0.0.0-10.1.0.0", "fd00::-fd00::1:0"}) {
    CAPTURE(bad);
    CHECK_THAT(parsed({"--source", bad}).errors, contains("is not a range of at most 65536 addresses of one family"));
  }
  for (const std::string bad : {"", "-", "10.0.0.1-", "-10.0.0.1", "host", "fd00::1-fd00::2-fd00::3"}) {
    CAPTURE(bad);
    CHECK_THAT(parsed({"--source", bad}).errors, contains("is not an IP address"));
  }
}

TEST_CASE("stress options: take ranges of ports") {
  const auto range = [](const std::string& text) {
    const auto ports = parsed({"--source-ports", text}).options.value().work.source_ports.value();
    return words{std::to_string(ports.first), std::to_string(ports.last), std::to_string(ports.size())};
  };
  CHECK(range("20000-20009") == words{"20000", "20009", "10"});
  CHECK(range("1-65535") == words{"1", "65535", "65535"});
  CHECK(range("7") == words{"7", "7", "1"});
  CHECK_FALSE(parsed({}).options.value().work.source_ports);
}

TEST_CASE("stress options: refuse ranges of ports that are none") {
  for (const std::string bad : {"", "-", "0", "0-5", "5-", "-5", "5-4", "1-65536", "http", "1-2-3", "auto"}) {
    CAPTURE(bad);
    CHECK_THAT(parsed({"--source-ports", bad}).errors, contains("is not a range of ports from 1 to 65535"));
  }
}

TEST_CASE("stress options: choose as many addresses of loopback as clients need ports") {
  workload work;
  CHECK(automatic_sources(work, 12'000).empty());
  CHECK(automatic_sources(work, 12'001).size() == 2);
  work.source_ports = port_range{20'000, 20'009};
  CHECK(automatic_sources(work, 10).empty());
  CHECK(automatic_sources(work, 31).size() == 4);
  work.to.push_back({"127.0.0.2", 6789}); // to which the same ports can be used
  CHECK(automatic_sources(work, 31).size() == 2);
}
