// Exercise 2: each request makes a call that blocks, as a database driver might. It blocks the event loop, and so all
// other clients. The call itself cannot be changed. Make test.py pass.
// usage: server PORT
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

asio::awaitable<void> serve(tcp::socket peer) {
  std::array<char, 1024> bytes;
  try {
    for (;;) {
      const std::size_t size = co_await peer.async_read_some(asio::buffer(bytes), asio::use_awaitable);
      const std::string reply = ask_database(std::string(bytes.data(), size));
      co_await asio::async_write(peer, asio::buffer(reply), asio::use_awaitable);
    }
  } catch (const std::system_error&) { // the client has closed the connection, or reset it
  }
}

int main(int, char** arguments) { serve_on(arguments[1], serve); }
