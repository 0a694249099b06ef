// The clients against servers that do as they should. Direct, where they are scripted, or on IPv6: no
// proxy is in front of them.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

using namespace revecho::test;

namespace {

const std::vector<std::string> clients{"revecho-sync-client", "revecho-async-client"};

variant any_server() { return variants().back(); }

std::string address_of(const server_process& server) { return "127.0.0.1:" + std::to_string(server.port()); }

// Counts how many clients wait for their reply at the same time.
class counting_server {
 public:
  explicit counting_server(std::size_t expected) : expected_(expected) {}

  std::string address() const { return server_.address(); }

  std::size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  void converse(peer& client) {
    const auto message = client.receive_some();
    {
      std::unique_lock lock(mutex_);
      most_ = std::max(most_, ++waiting_);
      changed_.notify_all();
      // Holds the reply back until as many wait as should, and then a little, for one more to come that
      // should not.
      changed_.wait_for(lock, patience(), [&] { return most_ >= expected_; });
      changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return most_ > expected_; });
      --waiting_; // before the reply: from then on the client may start another exchange
    }
    client.send(reversed(message));
    client.receive_all();
  }

  std::size_t expected_;
  std::size_t waiting_ = 0;
  std::size_t most_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  scripted_server server_{[this](peer& client) { converse(client); }};
};

} // namespace

TEST_CASE("client: prints the reply to its message, in every framing") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(client, framing);
  if (framing == "raw" && behind_proxy()) return; // its replies come as the proxy cuts the messages
  server_process server(any_server(), {"--framing", framing});
  const auto end = run(client, {"--to", address_of(server), "--framing", framing, "Hello Server!"});
  CHECK(end.exit_code == 0);
  CHECK(end.output == "!revreS olleH\n");
  CHECK(end.errors.empty());
  server.stop();
}

TEST_CASE("client: talks to every variant of the server") {
  const auto client = GENERATE(from_range(clients));
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(client, v.name);
  server_process server(v, {"--framing", "line"});
  const auto end = run(client, {"--to", address_of(server), "--framing", "line", "one", "two", "three"});
  CHECK(end.exit_code == 0);
  CHECK(end.output == "eno\nowt\neerht\n");
  server.stop();
}

TEST_CASE("client: prints the replies in the order of the messages, whichever comes first") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  server_process server(any_server(), {"--framing", "line", "--delay", "uniform:0s..50ms"});
  std::vector<std::string> arguments{"--to", address_of(server), "--framing", "line"};
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    arguments.push_back("message " + std::to_string(i));
    expected += reversed(arguments.back()) + "\n";
  }
  CHECK(run(client, arguments).output == expected);
  server.stop();
}

TEST_CASE("client: sends every message to every endpoint", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  server_process first(any_server());
  server_process second(any_server(), {"--delay", "20ms"}, {"[::1]:0"});
  const auto on_v6 = "[::1]:" + std::to_string(second.port());
  const auto end = run(client, {"-v", "--to", address_of(first), "--to", on_v6, "one", "two"});
  CHECK(end.exit_code == 0);
  CHECK(end.output == address_of(first) + " one\neno\n" + on_v6 + " one\neno\n" + address_of(first) + " two\nowt\n" +
                          on_v6 + " two\nowt\n");
  CHECK_THAT(totals(first.stop()), StartsWith("served 2 connections, 2 messages, "));
  CHECK_THAT(totals(second.stop()), StartsWith("served 2 connections, 2 messages, "));
}

TEST_CASE("client: takes the lines of stdin for messages when it has none") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  server_process server(any_server(), {"--framing", "line"});
  const std::vector<std::string> arguments{"--to", address_of(server), "--framing", "line"};
  CHECK(run(client, arguments, "one\n\ntwo\nwithout end").output == "eno\n\nowt\ndne tuohtiw\n");
  const auto nothing = run(client, arguments, "");
  CHECK(nothing.exit_code == 0);
  CHECK(nothing.output.empty());
  server.stop();
}

TEST_CASE("client: sends empty messages where the framing has them") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(client, framing);
  server_process server(any_server(), {"--framing", framing});
  const auto end = run(client, {"--to", address_of(server), "--framing", framing, "", "one"});
  CHECK(end.exit_code == 0);
  CHECK(end.output == "\neno\n");
  server.stop();
}

TEST_CASE("client: sends messages of any bytes and of a megabyte") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("line", "length", "eof", "raw");
  CAPTURE(client, framing);
  std::string message;
  while (message.size() < 1'000'000)
    message += std::to_string(message.size()) + " \xff\x80\x01";
  server_process server(any_server(), {"--framing", framing});
  const auto end = run(client, {"--to", address_of(server), "--framing", framing}, message);
  CHECK(end.exit_code == 0);
  CHECK(end.output.size() == message.size() + 1);
  if (framing != "raw") CHECK((end.output == reversed(message) + "\n"));
  server.stop();
}

TEST_CASE("client: says on stderr how long it took with --time") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  server_process server(any_server(), {"--framing", "line"});
  const auto end = run(client, {"--to", address_of(server), "--framing", "line", "--time", "one", "two"});
  CHECK(end.exit_code == 0);
  CHECK(end.output == "eno\nowt\n");
  CHECK_THAT(end.errors, StartsWith("2 replies in ") && EndsWith("s\n"));
  server.stop();
}

TEST_CASE("client: has one exchange under way at a time when it blocks", "[direct]") {
  counting_server server(1);
  CHECK(run("revecho-sync-client", {"--to", server.address(), "one", "two", "three"}).output == "eno\nowt\neerht\n");
  CHECK(server.most() == 1);
}

TEST_CASE("client: has all exchanges under way at once when it is asynchronous", "[direct]") {
  counting_server server(5);
  const auto end = run("revecho-async-client", {"--to", server.address(), "1", "2", "3", "4", "5"});
  CHECK(end.output == "1\n2\n3\n4\n5\n");
  CHECK(server.most() == 5);
}

TEST_CASE("client: has no more than --max-in-flight exchanges under way", "[direct]") {
  counting_server server(2);
  const auto end =
      run("revecho-async-client", {"--max-in-flight", "2", "--to", server.address(), "1", "2", "3", "4", "5", "6"});
  CHECK(end.output == "1\n2\n3\n4\n5\n6\n");
  CHECK(server.most() == 2);
}

TEST_CASE("client: does not die by a signal when nobody reads its stdout") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  server_process server(any_server(), {"--framing", "line"});
  process child(client, {"--to", address_of(server), "--framing", "line", "one", "two"}, pipe_end::closed);
  const auto end = child.wait();
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 1);
  server.stop();
}
