// Exercise 1, solved: bytes are collected until a line break is among them; what follows it belongs to the next line.
// usage: solution PORT
#include <asio.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

using asio::ip::tcp;

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
