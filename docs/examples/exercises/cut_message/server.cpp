// Exercise 1: this server reverses lines, and takes what one read returned for one line. TCP promises no such thing:
// a read may return half a line, or two. Make test.py pass.
// usage: server PORT
#include <asio.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

using asio::ip::tcp;

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

asio::awaitable<void> accept_connections(tcp::acceptor& from) {
  for (;;) {
    tcp::socket peer = co_await from.async_accept(asio::use_awaitable);
    asio::co_spawn(from.get_executor(), serve(std::move(peer)), asio::detached);
  }
}

int main(int, char** arguments) {
  asio::io_context loop;
  const auto port = static_cast<std::uint16_t>(std::stoi(arguments[1]));
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), port));
  std::cout << acceptor.local_endpoint().port() << std::endl;
  asio::co_spawn(loop, accept_connections(acceptor), asio::detached);
  loop.run();
}
