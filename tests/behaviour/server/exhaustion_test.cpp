// Descriptors, threads or memory run out: that costs those who come then, and nobody else.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

// While it lives, a process gets so many bytes of addresses more than it has.
class address_limit {
 public:
  address_limit(pid_t process, std::size_t more) : process_(process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/statm");
    std::size_t pages = 0;
    file >> pages;
    set(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more);
  }
  ~address_limit() { set(RLIM_INFINITY); }
  address_limit(const address_limit&) = delete;
  address_limit& operator=(const address_limit&) = delete;

 private:
  void set(rlim_t bytes) const {
    const rlimit limit{bytes, RLIM_INFINITY};
    ::prlimit(process_, RLIMIT_AS, &limit, nullptr);
  }
  pid_t process_;
};

// False if the server ends the connection before all is sent.
bool send_mebibytes(peer& client, std::size_t count) {
  const std::string bytes(mebibyte, 'x');
  for (std::size_t i = 0; i < count; ++i)
    if (!client.try_send(bytes)) return false;
  return true;
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

} // namespace

TEST_CASE("server: rests while descriptors are missing, and then takes those who waited") {
  if (sanitized) SKIP_TEST("a sanitizer needs descriptors of its own");
  // One loop: of two, it is chance which of them gets the last descriptors.
  const auto v = behind("ulimit -n 40", GENERATE(filter([](const variant& each) { return !each.name.ends_with(" 2"); },
                                            from_range(variants_serving(40)))));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--max-connections", "1000"});
  const auto descriptors = server.descriptors();
  std::vector<peer> crowd;
  for (int i = 0; i < 50; ++i)
    crowd.emplace_back(server.port());
  peer last(server.port());
  last.send("patience\n");
  server.wait_for_log("error: cannot accept connections: Too many open files; trying again\n");

  const auto start = std::chrono::steady_clock::now();
  const auto worked = server.processor_time();
  CHECK(last.is_silent_for(2s));
  const auto work = server.processor_time() - worked;
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(work < waited / 20);
  const auto lines = occurrences(server.log(), "cannot accept connections");
  CHECK(lines >= 2);
  CHECK(lines <= static_cast<std::size_t>(waited / 1s) * v.options.size() + 3);

  crowd.clear();
  CHECK(last.receive(9) == "ecneitap\n");
  last.close();
  CHECK(answers(server.port(), "line"));
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  server.stop();
}

TEST_CASE("server: stops at once if it has no connection, and no descriptor for those that wait") {
  if (sanitized) SKIP_TEST("a sanitizer needs descriptors of its own");
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--drain-timeout", "1h"});
  rlimit limit{};
  ::prlimit(server.id(), RLIMIT_NOFILE, nullptr, &limit);
  limit.rlim_cur = 1;
  REQUIRE(::prlimit(server.id(), RLIMIT_NOFILE, &limit, nullptr) == 0);
  const peer waiting(server.port());
  server.wait_for_log("error: cannot accept connections: Too many open files; trying again\n");
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 0);
}

TEST_CASE("server: refuses a connection for which there is no thread, and serves the others") {
  if (sanitized) SKIP_TEST("a sanitizer needs all addresses");
  const variant v{"sync threads", "revecho-sync-server", {"--model", "threads"}, 3};
  server_process server(v, {"--framing", "line"});
  const auto descriptors = server.descriptors();
  const auto threads = server.threads().size();
  peer early(server.port());
  early.send("early\n");
  CHECK(early.receive(6) == "ylrae\n");
  {
    const address_limit no_stack(server.id(), mebibyte);
    for (int i = 0; i < 3; ++i)
      CHECK(peer(server.port()).receive_end());
    early.send("still there\n");
    CHECK(early.receive(12) == "ereht llits\n");
  }
  CHECK(answers(server.port(), "line"));
  early.close();
  CHECK(eventually([&] { return server.descriptors() == descriptors && server.threads().size() == threads; }));
  const auto log = server.stop();
  CHECK_THAT(log, contains("warning: a connection was refused: cannot start a thread: Resource temporarily unavail"));
  CHECK_THAT(totals(log), contains("; 3 refused\n"));
}

TEST_CASE("server: loses the connection for whose message there is no memory, and no other") {
  if (sanitized) SKIP_TEST("a sanitizer needs all addresses");
  const auto v = GENERATE(from_range(variants_serving(2)));
  const std::string framing = GENERATE("length", "line", "eof");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing, "--max-message", "1GiB"});
  CHECK(answers(server.port(), framing));
  peer greedy(server.port());
  {
    // Too little for 500 MiB in a buffer that grows; and room for the heaps of threads that take their time to end, for
    // each of which malloc() sets 64 MiB of addresses aside.
    const address_limit limit(server.id(), 400 * mebibyte);
    if (framing == "length") greedy.send(std::string("\x38\0\0\0", 4));
    CHECK_FALSE((send_mebibytes(greedy, 500) && greedy.is_silent_for(1ms)));
    for (int i = 0; i < 5; ++i)
      CHECK(answers(server.port(), framing));
  }
  CHECK_THAT(
      totals(server.stop()), StartsWith("served 7 connections, 6 messages, ") && EndsWith("; 1 reset or failed\n"));
}
