// Every allocation of the clients and the tools fails once, and of the servers before they listen: they end with a
// message, and claim nothing that was not so. (What servers do about theirs once they listen:
// tests/behaviour/server/memory_test.cpp.)
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/failing_memory.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

constexpr std::int64_t no_end = 1'000'000'000;

struct program {
  std::string name;
  words arguments;                                // and the port, in the end
  bool (*is_complete)(const std::string& output); // of a run that ends well
  words server{"--framing", "line"};
};

// The replies that are there are right, and in order; only a run that ends well has all of them.
bool has_all_replies(const std::string& output) { return output == "eno\nowt\neerht\n"; }

bool has_verified_all(const std::string& output) { return nlohmann::json::parse(output)["levels"][0]["verified"] == 6; }

bool is_version(const std::string& output) { return output.starts_with("revecho-"); }

const words questions{"--framing", "line", "one", "two", "three", "--to"};
const words version{"--version", "--listen"}; // declares all options, and ends
const words load{
    "--framing", "line", "--clients", "2", "--messages", "3", "--threads", "2", "--session", "2", "--json", "-"};

words with(words all, const words& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void check_each_allocation(const program& p) {
  const server_process server(variants().front(), p.server);
  const auto arguments = with(p.arguments, {std::to_string(server.port())});
  failing_memory memory;
  CAPTURE(p.name);
  int ended = 0;
  bool failed = true;
  for (std::int64_t number = 1; failed; ++number) {
    CAPTURE(number);
    memory.start(number);
    const auto end = run_in_shell(memory.commands(), p.name, arguments);
    failed = memory.stop();
    CAPTURE(end.errors);
    REQUIRE(end.signal == 0);
    if (end.exit_code == 0) {
      CHECK(p.is_complete(end.output));
      continue;
    }
    ++ended;
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.errors, EndsWith(p.name + ": out of memory\n") || contains("Cannot allocate memory"));
  }
  CHECK(ended > 50);
}

} // namespace

TEST_CASE("programs: clients say that memory is exhausted, whichever allocation fails") {
  if (sanitized) SKIP_TEST("a sanitizer has an allocator of its own");
  const std::string name = GENERATE("revecho-sync-client", "revecho-async-client");
  check_each_allocation({name, questions, has_all_replies});
}

TEST_CASE("programs: servers say that memory is exhausted, whichever allocation fails before they listen") {
  if (sanitized) SKIP_TEST("a sanitizer has an allocator of its own");
  const std::string name = GENERATE("revecho-sync-server", "revecho-async-server");
  check_each_allocation({name, version, is_version});
}

TEST_CASE("programs: the load tool says that memory is exhausted, whichever allocation fails") {
  if (sanitized) SKIP_TEST("a sanitizer has an allocator of its own");
  const auto more = GENERATE(values<words>({{}, {"--rate", "1000", "--send-proxy", "v2"}}));
  const words server = more.empty() ? words{"--framing", "line"} : words{"--framing", "line", "--proxy-protocol"};
  check_each_allocation({"revecho-stress", with(load, more), has_verified_all, server});
}

TEST_CASE("compare: says that memory is exhausted, and no server survives it") {
  if (sanitized) SKIP_TEST("a sanitizer has an allocator of its own");
  const words short_load{"--models", "async", "--clients", "2", "--delay", "0", "--duration", "50ms", "--repeat", "1"};
  failing_memory memory;
  memory.start(no_end);
  REQUIRE(compare(short_load, memory.commands()).exit_code == 0);
  const std::int64_t all = no_end - memory.left();
  constexpr int tries = 25;
  int ended = 0;
  for (int i = 0; i < tries; ++i) {
    const std::int64_t number = (i + 1) * all / (tries + 1); // without the first: there may be no queue for stderr
    CAPTURE(number, all);
    memory.start(number);
    comparison c(short_load, memory.commands());
    const auto end = c.wait();
    CAPTURE(end.output, end.errors);
    if (!memory.stop()) continue; // how many there are varies
    ++ended;
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.errors, EndsWith("revecho-compare: out of memory\n"));
    CHECK(eventually([&] { return c.children().empty(); }));
  }
  CHECK(ended > tries / 2);
}
