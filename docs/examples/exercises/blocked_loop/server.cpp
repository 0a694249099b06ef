// Exercise 2: each request makes a call that blocks, as a database driver might. It blocks the event loop, and so all
// other clients. The call itself cannot be changed. Make test.py pass.
// usage: server PORT
#include <asio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

using asio::ip::tcp;

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
