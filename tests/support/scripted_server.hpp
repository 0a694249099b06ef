// A server that does whatever a test tells it to: lies, keeps silent, counts. Knows no test framework.
#pragma once

#include "tests/support/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>

namespace revecho::test {

class scripted_server {
 public:
  /// Runs `conversation` for every client, each in its own thread, then closes the connection. Drops its exceptions:
  /// the test sees what the client makes of it.
  explicit scripted_server(std::function<void(peer&)> conversation);
  ~scripted_server();

  std::uint16_t port() const noexcept { return listener_.port(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

 private:
  void accept_clients();

  std::function<void(peer&)> conversation_;
  listening_socket listener_;
  std::list<std::thread> conversations_; // of acceptor_ until it has ended
  std::thread acceptor_;
};

/// Takes what a client sends apart.
class message_reader {
 public:
  message_reader(peer& from, std::string framing) : from_(from), framing_(std::move(framing)) {}

  /// The next message, without its framing; none at an end of the stream that is no reset. In raw, what one read
  /// returns.
  std::optional<std::string> next();

  /// Have bytes come that next() has not given out?
  bool has_rest() const noexcept { return !rest_.empty(); }

 private:
  std::size_t frame_end() const;

  peer& from_;
  std::string framing_;
  std::string rest_;
};

/// A message as a server gets it.
struct request {
  std::size_t connection; ///< 0, 1, …
  std::size_t number;     ///< of its connection, from 0
  std::size_t total;      ///< of all connections, from 0
  std::string message;
  std::string reply; ///< the honest one, without framing
};

/// A conversation, for any number of clients at once: `answer` is called with each message as soon as it has come, and
/// ends the connection by returning false.
std::function<void(peer&)> answering(
    const std::string& framing, std::function<bool(peer& client, const request&)> answer);

} // namespace revecho::test
