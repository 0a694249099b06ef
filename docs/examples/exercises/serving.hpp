// Shared part of the exercises: accepts connections on a port of 127.0.0.1, and starts serve(connection) for each.
#pragma once

#include <asio.hpp>

#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

using asio::ip::tcp;

template <class Serve>
asio::awaitable<void> accept_connections(tcp::acceptor& from, const Serve& serve) {
  for (;;) {
    tcp::socket peer = co_await from.async_accept(asio::use_awaitable);
    asio::co_spawn(from.get_executor(), serve(std::move(peer)), asio::detached);
  }
}

/// `port` as text; 0 picks a free one. Prints it, and serves until the program is killed.
template <class Serve>
void serve_on(const std::string& port, const Serve& serve) {
  asio::io_context loop;
  tcp::acceptor acceptor(
      loop, tcp::endpoint(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))));
  std::cout << acceptor.local_endpoint().port() << std::endl;
  asio::co_spawn(loop, accept_connections(acceptor, serve), asio::detached);
  loop.run();
}
