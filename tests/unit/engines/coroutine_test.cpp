// What the async twin's coroutines promise, without a server: results, exceptions, stack, and what is left behind.
#include "tests/support/catch.hpp"

#include "async/io.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <sys/socket.h>

using namespace revecho;
using namespace revecho::async;
using namespace std::chrono_literals;

namespace {

std::array<unique_descriptor, 2> socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {unique_descriptor(ends[0]), unique_descriptor(ends[1])};
}

awaitable<int> give(int value) { co_return value; }

awaitable<int> fail() {
  throw std::runtime_error("no value");
  co_return 0;
}

awaitable<void> wait_with(std::shared_ptr<int> kept) {
  suspension forever;
  co_await forever;
  *kept = 1;
}

} // namespace

TEST_CASE("awaitable: gives its result, or what it throws, to who awaits it") {
  int given = 0;
  std::string thrown;
  const auto main = [&]() -> awaitable<void> {
    given = co_await give(7);
    try {
      co_await fail();
    } catch (const std::runtime_error& error) {
      thrown = error.what();
    }
  };
  context loop(0ns);
  loop.run(main);
  CHECK(given == 7);
  CHECK(thrown == "no value");
}

TEST_CASE("awaitable: what leaves main leaves run()") {
  const auto main = []() -> awaitable<void> { co_await fail(); };
  context loop(0ns);
  CHECK_THROWS_WITH(loop.run(main), "no value");
}

TEST_CASE("awaitable: a million calls that do not wait take no more stack than one") {
  int sum = 0;
  const auto main = [&]() -> awaitable<void> {
    for (int i = 0; i < 1'000'000; ++i)
      sum += co_await give(1);
  };
  context loop(0ns);
  loop.run(main);
  CHECK(sum == 1'000'000);
}

TEST_CASE("context: destroys what is still suspended, and what that awaits") {
  const auto kept = std::make_shared<int>(0);
  {
    context loop(0ns);
    loop.spawn(wait_with, kept);
    loop.spawn([&] { return wait_with(kept); });
    CHECK(kept.use_count() > 2);
    const auto main = [&]() -> awaitable<void> {
      loop.abort();
      co_await wait_with(kept);
    };
    loop.run(main);
    CHECK(kept.use_count() > 3);
  }
  CHECK(kept.use_count() == 1);
  CHECK(*kept == 0);
}

TEST_CASE("context: returns from run() when the last task has ended") {
  context loop(0ns);
  bool ended = false;
  const auto sleep = [&]() -> awaitable<void> {
    co_await loop.sleep_for(1ms);
    ended = true;
  };
  loop.spawn([&] { return sleep(); });
  CHECK_FALSE(ended);
  loop.run();
  CHECK(ended);
}

TEST_CASE("task_group: runs so many at once and no more, and join() throws what the first threw") {
  context loop(0ns);
  int running = 0;
  int most = 0;
  int begun = 0;
  std::string thrown;
  const auto task = [&](int number) -> awaitable<void> {
    ++begun;
    most = std::max(most, ++running);
    co_await loop.sleep_for(1ms);
    --running;
    if (number == 3) co_await fail();
  };
  const auto start = [&](int number) { return task(number); };
  const auto main = [&]() -> awaitable<void> {
    task_group group(loop, 4);
    for (int i = 0; i < 10; ++i)
      co_await group.spawn(start, i);
    try {
      co_await group.join();
    } catch (const std::runtime_error& error) {
      thrown = error.what();
    }
  };
  loop.run(main);
  CHECK(begun == 10);
  CHECK(most == 4);
  CHECK(running == 0);
  CHECK(thrown == "no value");
}

TEST_CASE("stream: a wait that a deadline or stop() ends says which, and the next wait is a new one") {
  context loop(8ms);
  auto ends = socket_pair();
  auto& ours = ends[0];
  auto& theirs = ends[1];
  std::error_code late;
  std::error_code stopped;
  std::string received;
  const auto main = [&]() -> awaitable<void> {
    stream connection(loop, std::move(ours), {});
    co_await connection.read_some(deadline_after(8ms), on_stop::wait, late);
    std::error_code error;
    REQUIRE(::send(theirs.get(), "abc", 3, 0) == 3);
    const auto bytes = co_await connection.read_some(never, on_stop::wait, error);
    received.assign(bytes.begin(), bytes.end());
    loop.stop();
    co_await connection.read_some(never, on_stop::end, stopped);
  };
  loop.run(main);
  CHECK(late == std::errc::timed_out);
  CHECK(received == "abc");
  CHECK(stopped == std::errc::operation_canceled);
}

// Both in one loop, so that there is always something to do. Should an event be left behind, only a tick, a second
// later, would bring it up.
TEST_CASE("context: leaves no event behind, however many come one after the other") {
  constexpr int messages = 3000;
  context loop(0ns);
  auto ends = socket_pair();
  auto& ours = ends[0];
  auto& theirs = ends[1];
  int received = 0;
  const auto talk = [&](unique_descriptor* socket, bool begins) -> awaitable<void> {
    stream connection(loop, std::move(*socket), {});
    const std::array<char, 1> byte{'x'};
    const std::array pieces{std::span<const char>(byte)};
    std::error_code error;
    if (begins) co_await connection.write_all(pieces, never, error);
    while (received < messages && !error) {
      const auto bytes = co_await connection.read_some(never, on_stop::wait, error);
      if (bytes.empty()) break;
      ++received;
      co_await connection.write_all(pieces, never, error);
    }
  };
  loop.spawn([&] { return talk(&ours, true); });
  loop.spawn([&] { return talk(&theirs, false); });
  loop.run();
  CHECK(received >= messages);
}
