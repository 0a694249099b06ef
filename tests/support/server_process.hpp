// A server as a child process, in every variant there is, so that one test body serves all. Knows no test
// framework.
//
// With REVECHO_TEST_PROXY=SEED in the environment of the tests every server is behind a proxy that cuts and joins what
// passes: what TCP may do anyway must change nothing. Test cases for which it does, because their subject is the
// connection itself, have the tag [direct].
#pragma once

#include "tests/support/chunking_proxy.hpp"
#include "tests/support/process.hpp"
#include "tools/child.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

namespace revecho::test {

/// A server program and how it spreads its connections.
struct variant {
  std::string name;
  std::string program;
  std::vector<std::string> options;
  std::size_t at_once; ///< connections it serves at the same time
};

/// All of them.
std::vector<variant> variants();

/// Are the servers behind a proxy? For what holds only without, in a test that is about something else: a raw message
/// is what a read returns, and so its border is wherever the proxy cuts.
bool behind_proxy();

/// Those that serve at least so many connections at the same time.
std::vector<variant> variants_serving(std::size_t at_once);

/// The same, started by a shell after these commands.
variant behind(const std::string& shell_commands, const variant&);

using revecho::temporary_folder;

class server_process {
 public:
  /// Starts it, and returns when it listens. Throws std::runtime_error if it does not come to that.
  explicit server_process(const variant&, const std::vector<std::string>& options = {},
      const std::vector<std::string>& listen = {"127.0.0.1:0"});

  /// Where clients connect: the server, or the proxy in front of it.
  std::uint16_t port() const { return ports_.front(); }
  const std::vector<std::uint16_t>& ports() const { return ports_; } ///< of each `listen`; 0 of a UNIX socket
  pid_t id() const noexcept { return process_.id(); }

  /// The address under which the server knows this client, which may have ended by now.
  std::string name_of(const std::string& client_address);

  std::string log() const { return process_.errors(); } ///< so far
  void wait_for_log(std::string_view text) { process_.wait_for_error_text(text); }

  void signal(int number) { process_.signal(number); }
  void pause(); ///< SIGSTOP; returns when no thread runs any more. Throws std::runtime_error if that does not come.
  outcome wait() { return process_.wait(); }

  /// Waits until it has no more descriptors and threads than it had at first, since all clients are gone; then sends
  /// SIGTERM, and returns its log. Throws std::runtime_error if any are left, or it does not exit with 0.
  std::string stop();

  std::size_t descriptors() const;
  std::vector<pid_t> threads() const;
  std::size_t memory() const;      ///< resident bytes
  std::size_t peak_memory() const; ///< the most there were
  std::chrono::nanoseconds processor_time() const;

 private:
  temporary_folder folder_;
  process process_;
  std::vector<std::uint16_t> ports_;
  std::size_t descriptors_at_first_ = 0;
  std::size_t threads_at_first_ = 0;
  std::list<chunking_proxy> proxies_;
};

/// The last line of a server's log, which has its totals.
std::string totals(const std::string& log);

} // namespace revecho::test
