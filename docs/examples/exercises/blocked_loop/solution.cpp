// Exercise 2, solved: calls that block run in threads of a pool, and the event loop awaits their results.
// usage: solution PORT
#include "docs/examples/exercises/serving.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

// Blocks for a second.
std::string ask_database(std::string question) {
  std::this_thread::sleep_for(std::chrono::seconds(1));
  std::reverse(question.begin(), question.end());
  return question;
}

asio::awaitable<std::string> ask_in_thread(std::string question) { co_return ask_database(std::move(question)); }

asio::awaitable<void> serve(tcp::socket peer, asio::thread_pool& threads) {
  std::array<char, 1024> bytes;
  try {
    for (;;) {
      const std::size_t size = co_await peer.async_read_some(asio::buffer(bytes), asio::use_awaitable);
      auto question = ask_in_thread(std::string(bytes.data(), size));
      const std::string reply = co_await asio::co_spawn(threads, std::move(question), asio::use_awaitable);
      co_await asio::async_write(peer, asio::buffer(reply), asio::use_awaitable);
    }
  } catch (const std::system_error&) { // the client has closed the connection, or reset it
  }
}

int main(int, char** arguments) {
  asio::thread_pool threads(16);
  serve_on(arguments[1], [&](tcp::socket peer) { return serve(std::move(peer), threads); });
}
