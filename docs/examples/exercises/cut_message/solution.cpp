// Exercise 1, solved: bytes are collected until a line break is among them; what follows it belongs to the next line.
// usage: solution PORT
#include "docs/examples/exercises/serving.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

asio::awaitable<void> serve(tcp::socket peer) {
  constexpr std::size_t longest_line = 1024;
  std::string received;
  try {
    for (;;) {
      const std::size_t size = co_await asio::async_read_until(
          peer, asio::dynamic_buffer(received, longest_line), '\n', asio::use_awaitable);
      std::string line = received.substr(0, size);
      received.erase(0, size);
      std::reverse(line.begin(), line.end() - 1); // the line break stays where it is
      co_await asio::async_write(peer, asio::buffer(line), asio::use_awaitable);
    }
  } catch (const std::system_error&) { // the client has closed the connection, or reset it
  }
}

int main(int, char** arguments) { serve_on(arguments[1], serve); }
