// Exercise 1: this server reverses lines, and takes what one read returned for one line. TCP promises no such thing:
// a read may return half a line, or two. Make test.py pass.
// usage: server PORT
#include "docs/examples/exercises/serving.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>
#include <utility>

asio::awaitable<void> serve(tcp::socket peer) {
  std::array<char, 1024> line;
  try {
    for (;;) {
      const std::size_t size = co_await peer.async_read_some(asio::buffer(line), asio::use_awaitable);
      std::reverse(line.data(), line.data() + size - 1); // the line break stays where it is
      co_await asio::async_write(peer, asio::buffer(line, size), asio::use_awaitable);
    }
  } catch (const std::system_error&) { // the client has closed the connection, or reset it
  }
}

int main(int, char** arguments) { serve_on(arguments[1], serve); }
