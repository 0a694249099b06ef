// Stderr whose reader comes late, or never.
#include "tests/support/catch.hpp"

#include "shared/process/log.hpp"
#include "shared/process/stderr_queue.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

using namespace revecho;

namespace {

// Stderr is a pipe that is full. (Tests report on stdout.)
class full_stderr {
 public:
  full_stderr() : before_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe2(ends_.data(), O_NONBLOCK) == 0);
    const std::string bytes(4096, '.');
    while (::write(ends_[1], bytes.data(), bytes.size()) > 0)
      filled_ += bytes.size();
    ::fcntl(ends_[1], F_SETFL, 0);
    ::fcntl(ends_[0], F_SETFL, 0);
    ::dup2(ends_[1], STDERR_FILENO);
  }
  ~full_stderr() {
    ::dup2(before_, STDERR_FILENO);
    for (const int descriptor : {ends_[0], ends_[1], before_})
      ::close(descriptor);
  }

  // Waits for some bytes; empty if reading fails.
  std::string read_some() {
    std::array<char, 4096> part;
    const auto size = ::read(ends_[0], part.data(), part.size());
    return {part.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

  // So many bytes of what was written after it was full.
  std::string read(std::size_t count) {
    std::string text;
    while (text.size() < filled_ + count) {
      text += read_some();
      REQUIRE_FALSE(text.empty());
    }
    return text.substr(filled_, count);
  }

 private:
  int before_;
  std::array<int, 2> ends_{};
  std::size_t filled_ = 0;
};

} // namespace

TEST_CASE("stderr_queue: keeps lines in order until somebody reads, drops and counts what is too much") {
  full_stderr reader;
  stderr_queue queue;
  const std::string line(1023, 'x');
  std::string all;
  constexpr int lines = 1000;
  for (int i = 0; i < lines; ++i) {
    const auto text = std::to_string(i) + line + '\n';
    if (all.size() + text.size() <= stderr_queue::capacity) all += text; // one more may be in the thread's hands
    CHECK(stderr_queue::add(text));
  }
  const auto come = reader.read(all.size());
  CHECK((come == all));
  std::uint64_t dropped = 0; // told once the thread has taken what waits, and there is room to say so
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (dropped == 0 && std::chrono::steady_clock::now() < give_up)
    dropped = stderr_queue::take_dropped();
  CHECK((dropped > 0 && dropped < lines));
}

TEST_CASE("log: says how many lines were dropped, once there is room again") {
  full_stderr reader;
  stderr_queue queue;
  const std::string half(stderr_queue::capacity / 2 + 1, 'x');
  for (int i = 0; i < 4; ++i) // the thread may have two of them in its hands
    CHECK(stderr_queue::add(half));
  std::atomic<bool> is_said = false;
  std::string text;
  const std::jthread late([&] {
    while (text.find(" lines dropped\n") == text.npos)
      text += reader.read_some();
    is_said = true;
  });
  const logger log(log_level::info, log_format::text);
  while (!is_said)
    log.write(log_level::info, "one more");
}

TEST_CASE("stderr_queue: is not waited for when nobody reads") {
  full_stderr reader;
  {
    stderr_queue queue;
    CHECK(stderr_queue::add("never read\n"));
  }
  CHECK_FALSE(stderr_queue::add("no queue\n"));
}
