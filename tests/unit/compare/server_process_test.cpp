// The servers of revecho-compare as its child processes, with a shell in the place of a server.
#include "tests/support/catch.hpp"

#include "tools/compare/server_process.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace revecho::compare;

namespace {

// Arguments of a script that server_process starts: $0 is --listen, and $3 the port file.
std::vector<std::string> shell(const std::string& script) { return {"-c", script}; }

const std::string never_ends = "trap '' TERM; while :; do sleep 1; done";

std::string failure_of(const auto& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

} // namespace

TEST_CASE("compare: waits no longer for a server to start when it is interrupted") {
  const std::atomic<bool> interrupted = true;
  CHECK(failure_of([&] { const server_process server("/bin/sh", shell(never_ends), {}, interrupted); }) ==
        "interrupted"); // and not that it was not ready in time
}

TEST_CASE("compare: waits no longer for a server to stop when it is interrupted") {
  std::atomic<bool> interrupted = false;
  server_process server("/bin/sh", shell("trap '' TERM; echo 7 >\"$3\"; " + never_ends), {}, interrupted);
  interrupted = true;
  CHECK(failure_of([&] { server.stop(); }) == "interrupted"); // and not that it did not stop in time
}
