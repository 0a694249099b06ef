// The vocabulary of an engine, without a server: results, exceptions, deadlines. Compiled once for each async engine.
#include "tests/support/catch.hpp"

#include "async/io.hpp"
#include "shared/net/listening.hpp"
#include "shared/net/socket.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

using namespace revecho;
using namespace revecho::async;
using namespace std::chrono_literals;

namespace {

awaitable<int> give(int value) { co_return value; }

awaitable<int> fail() {
  throw std::runtime_error("no value");
  co_return 0;
}

// To the first that connects, until it leaves.
void send_without_pause(int listener) {
  socket_address peer;
  std::error_code error;
  const auto connection = accept_connection(listener, 0, peer, error);
  const std::string bytes(65'536, 'x');
  while (::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0)
    ;
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

TEST_CASE("context: wakes those who sleep in the order of their times") {
  context loop(0ns);
  std::vector<int> order;
  const auto sleep = [&](int number, std::chrono::milliseconds duration) -> awaitable<void> {
    co_await loop.sleep_for(duration);
    order.push_back(number);
  };
  loop.spawn([&] { return sleep(3, 30ms); });
  loop.spawn([&] { return sleep(1, 1ms); });
  loop.spawn([&] { return sleep(2, 15ms); });
  loop.run();
  CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("context: drops those who still sleep when another thread aborts it") {
  context loop(0ns);
  bool woken = false;
  const auto sleep = [&]() -> awaitable<void> {
    co_await loop.sleep_for(1h);
    woken = true;
  };
  loop.spawn([&] { return sleep(); });
  std::jthread other([&] { loop.abort(); });
  loop.run();
  CHECK_FALSE(woken);
}

TEST_CASE("connect: says that nobody listens, and that nobody has that name") {
  endpoint nowhere{"127.0.0.1", 1};
  std::error_code refused;
  std::error_code unknown;
  context loop(0ns);
  const auto main = [&]() -> awaitable<void> {
    co_await connect(loop, nowhere, never, refused);
    nowhere = {"no such host", 1};
    co_await connect(loop, nowhere, never, unknown);
  };
  loop.run(main);
  CHECK(refused == std::errc::connection_refused);
  CHECK(unknown.message() == "Host not found (authoritative)");
}

TEST_CASE("stream: a deadline ends reading from a peer that sends without a pause") {
  auto listening = std::move(listen_on({"127.0.0.1", 0}, 1, {}).front().sockets.front());
  const auto where = local_address(listening.get()).to_endpoint();
  std::error_code error;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  context loop(50ms);
  std::jthread sender;
  const auto main = [&]() -> awaitable<void> {
    auto connection = co_await connect(loop, where, never, error);
    REQUIRE(connection);
    make_blocking(listening.get());
    sender = std::jthread([&] { send_without_pause(listening.get()); });
    const auto deadline = deadline_after(50ms);
    while (!error && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(1ms); // so that the next read never has to wait
      co_await connection->read_some(deadline, on_stop::wait, error);
    }
  };
  loop.run(main);
  CHECK(error == std::errc::timed_out);
}

TEST_CASE("stream: a wait that a deadline or stop() ends says which, after what had arrived") {
  auto listening = std::move(listen_on({"127.0.0.1", 0}, 1, {}).front().sockets.front());
  const auto where = local_address(listening.get()).to_endpoint();
  std::error_code late;
  std::error_code error;
  std::error_code stopped;
  std::string received;
  context loop(8ms);
  const auto main = [&]() -> awaitable<void> {
    auto connection = co_await connect(loop, where, never, error);
    REQUIRE(connection);
    make_blocking(listening.get());
    socket_address peer;
    const auto theirs = accept_connection(listening.get(), 0, peer, error);
    co_await connection->read_some(deadline_after(8ms), on_stop::wait, late);
    loop.stop();
    const std::string sent(5000, 'x');
    REQUIRE(::send(theirs.get(), sent.data(), sent.size(), 0) == 5000);
    while (received.size() < sent.size() && !error) {
      const auto bytes = co_await connection->read_some(never, on_stop::end, error);
      received.append(bytes.begin(), bytes.end());
    }
    co_await connection->read_some(never, on_stop::end, stopped);
  };
  loop.run(main);
  CHECK(late == std::errc::timed_out);
  CHECK(received == std::string(5000, 'x'));
  CHECK(stopped == std::errc::operation_canceled);
}
