// A TCP proxy that cuts and joins what passes, and delays it now and then. It loses nothing, repeats nothing and keeps
// the order; ends, half-closes and resets are passed on. Knows nothing of the protocol, and no test framework.
#pragma once

#include "tests/support/chunked_flow.hpp"

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <poll.h>

namespace revecho::test {

class chunking_proxy {
 public:
  /// Connects everybody to 127.0.0.1:`to`. The same seed draws the same pieces, as far as the same comes in.
  chunking_proxy(std::uint16_t to, std::uint64_t seed);
  /// Resets what is open.
  ~chunking_proxy();
  chunking_proxy(const chunking_proxy&) = delete;
  chunking_proxy& operator=(const chunking_proxy&) = delete;

  std::uint16_t port() const noexcept { return port_; }

  /// Resets all connections, on both sides, and returns when that is done.
  void reset_all();

  /// From now on resets each connection behind that many of its bytes, those of both directions together.
  void reset_after(std::uint64_t bytes);

  traffic seen() const; ///< so far

  /// The port of its own by which it serves the client with that port: what the server sees. Throws
  /// std::runtime_error if there is no such client.
  std::uint16_t port_for(std::uint16_t client_port);

 private:
  // Somebody's connection, and ours to the server for it.
  struct connection {
    int client;
    int server;
    chunked_flow request;
    chunked_flow reply;
    std::uint64_t left;       // bytes until it is reset
    bool connecting = true;   // to the server
    bool client_hung = false; // has nothing more to tell, but would wake us for ever
    bool server_hung = false;
  };

  void run();
  void wait();
  void accept_all();
  bool serve(connection&, short client_events, short server_events); // false: it is over, and closed
  bool pass_on(connection&);
  void wake();

  std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wakener_ = -1;
  std::mt19937_64 random_;
  std::list<connection> connections_; // of thread_, as all above and polled_
  std::vector<pollfd> polled_;        // listener, wakener, and two for each connection, in this order

  mutable std::mutex mutex_; // for what follows
  std::condition_variable changed_;
  std::optional<std::uint64_t> reset_after_;
  bool resets_ = false;
  bool stops_ = false;
  traffic seen_;
  std::map<std::uint16_t, std::uint16_t> ports_; // of each client the last one: port_for()
  std::thread thread_;
};

} // namespace revecho::test
