// The parts of the epoll engine that the other engines do not have: coroutines of its own, edges, timers and gates.
#include "tests/support/catch.hpp"

#include "async/epoll/gate.hpp"
#include "async/epoll/intrusive_list.hpp"
#include "async/epoll/stream.hpp"
#include "async/epoll/timer.hpp"

#include <array>
#include <memory>
#include <sys/socket.h>
#include <thread>
#include <vector>

using namespace revecho;
using namespace revecho::async;
using namespace std::chrono_literals;

namespace {

std::array<unique_descriptor, 2> socket_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {unique_descriptor(ends[0]), unique_descriptor(ends[1])};
}

awaitable<void> wait_with(std::shared_ptr<int> kept) {
  suspension forever;
  co_await forever;
  *kept = 1;
}

awaitable<void> wait_for(suspension& what) { co_await what; }

} // namespace

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

TEST_CASE("intrusive_list: keeps the order, and lets an element leave and move") {
  struct element : list_hook {
    explicit element(int n) : number(n) {}
    int number;
  };
  const auto numbers = [](intrusive_list<element>& list) {
    std::vector<int> all;
    list.for_each([&](element& e) { all.push_back(e.number); });
    return all;
  };
  intrusive_list<element> list;
  intrusive_list<element> other;
  CHECK(list.empty());
  element one(1);
  {
    element two(2);
    element three(3);
    for (element* each : {&one, &two, &three})
      list.push_back(*each);
    CHECK(numbers(list) == std::vector{1, 2, 3});
    other.push_back(two);
    CHECK(numbers(list) == std::vector{1, 3});
    other.take_all(list);
    CHECK(numbers(other) == std::vector{2, 1, 3});
    CHECK(list.empty());
  }
  CHECK(numbers(other) == std::vector{1});
  one.unlink();
  CHECK(other.empty());
}

TEST_CASE("timer: ends its wait early when it is canceled, and may be used again") {
  context loop(0ns);
  timer alarm(loop);
  int rings = 0;
  const auto wait = [&]() -> awaitable<void> {
    co_await alarm.until(timer::clock::time_point::max());
    ++rings;
    co_await alarm.until(timer::clock::now());
    ++rings;
  };
  const auto cancel = [&]() -> awaitable<void> {
    co_await loop.sleep_for(1ms);
    alarm.cancel();
    alarm.cancel();
  };
  loop.spawn([&] { return wait(); });
  loop.spawn([&] { return cancel(); });
  loop.run();
  CHECK(rings == 2);
  alarm.cancel(); // nobody waits
}

TEST_CASE("gate: lets all through that wait when it is opened, and those who come later") {
  context loop(0ns);
  gate start;
  int through = 0;
  const auto wait = [&]() -> awaitable<void> {
    co_await start.opened();
    ++through;
  };
  for (int i = 0; i < 3; ++i)
    loop.spawn([&] { return wait(); });
  CHECK(through == 0);
  start.open();
  CHECK(through == 3);
  loop.spawn([&] { return wait(); });
  CHECK(through == 4);
}

TEST_CASE("context: makes the calls that other threads post, in its own") {
  context loop(0ns);
  suspension posted;
  std::thread::id thread;
  loop.spawn(wait_for, posted);
  std::jthread other([&] {
    loop.post([&] {
      thread = std::this_thread::get_id();
      posted.resume();
    });
  });
  loop.run();
  CHECK(thread == std::this_thread::get_id());
}
