// Runs of revecho-stress that end before their time, because no client has a connection any more: what they say of it,
// and what their rate is of. Direct: the server is scripted.
#include "tests/support/catch.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

// Replies after 5 ms, and to nobody any more a second after the first message. Knows its own rate.
class leaving_server {
 public:
  std::uint16_t port() const { return server_.port(); }

  double rate() {
    const std::lock_guard lock(mutex_);
    return replies_ / std::chrono::duration<double>(last_ - begun_.value()).count();
  }

 private:
  bool answer(peer& client, const request& r) {
    std::this_thread::sleep_for(5ms);
    const std::lock_guard lock(mutex_);
    const auto now = clock_type::now();
    if (!begun_) begun_ = now - 5ms;
    if (now - *begun_ > 1s) return false;
    client.send(r.reply + '\n');
    ++replies_;
    last_ = now;
    return true;
  }

  std::mutex mutex_;
  std::optional<clock_type::time_point> begun_;
  clock_type::time_point last_;
  int replies_ = 0;
  scripted_server server_{answering("line", [this](peer& client, const request& r) { return answer(client, r); })};
};

// Open loop: with those of which a standstill of the tool is to blame.
int missed(const load_report& r) {
  return r.level["generator"]["missed_sends"].get<int>() + r.level["generator"]["unmeasured"].get<int>();
}

load_report stress(std::uint16_t port, const std::vector<std::string>& more) {
  std::vector<std::string> all{std::to_string(port), "--framing", "line", "--json", "-", "--clients", "4"};
  all.insert(all.end(), more.begin(), more.end());
  return parsed(run("revecho-stress", all));
}

} // namespace

TEST_CASE("stress: has the rate of the time for which it ran if the server goes away for good", "[direct]") {
  leaving_server server;
  const auto begun = clock_type::now();
  const auto r = stress(server.port(), {"--duration", "1h"}); // it does not wait for its end
  CAPTURE(r.end.output, r.end.errors, server.rate());
  CHECK(clock_type::now() - begun < 1h);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["rate"].get<double>() == Approx(server.rate()).epsilon(0.2)); // and not a 3,600th of it
  CHECK(r.level["window_s"] >= 0.8);
  CHECK(r.level["ended_early_s"] >= 0.8);
  CHECK(r.level["clients_gone"] == 4);
  CHECK(r.level["drift"].is_null());
  CHECK_THAT(r.end.errors, contains("4 clients: Ended after ") && contains(" of 1h (") && contains(" UTC)") &&
                               contains("no client had a connection any more; with --reconnect they go on") &&
                               !contains("did not go on"));
}

TEST_CASE("stress: says of an open loop that messages were not sent because connections were gone", "[direct]") {
  leaving_server server;
  const auto r = stress(server.port(), {"--duration", "3s", "--rate", "200"});
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["rate"].get<double>() == Approx(server.rate()).epsilon(0.2));
  CHECK(missed(r) >= 200); // of 400
  CHECK(r.level["generator"]["missed_unconnected"] >= 0.9 * r.level["generator"]["missed_sends"].get<double>());
  CHECK_THAT(r.end.errors, contains("never sent, because connections were gone (with --reconnect clients go on)"));
}

TEST_CASE("stress: says of an open loop that messages were not sent because replies were missing", "[direct]") {
  const scripted_server server([](peer& client) { client.receive_all(); });
  const auto r = stress(server.port(), {"--duration", "500ms", "--rate", "200", "--timeout", "1s"});
  CAPTURE(r.end.output, r.end.errors);
  CHECK(missed(r) >= 90); // of 96
  CHECK(r.level["generator"]["missed_unconnected"] == 0);
  CHECK(r.level["ended_early_s"].is_null());
  CHECK_THAT(r.end.errors, !contains("were gone"));
  if (r.level["generator"]["missed_sends"] > 0)
    CHECK_THAT(r.end.errors, contains("never sent, because replies to earlier ones were still missing"));
}

TEST_CASE("stress: says how many messages it did not come to if connections end before --messages", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    if (r.number < 10) client.send(r.reply + '\n');
    return r.number < 10;
  }));
  const auto r = stress(server.port(), {"--messages", "100"});
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["messages"] == 44);
  CHECK(r.level["clients_gone"] == 4);
  CHECK(r.level["ended_early_s"] >= 0);
  CHECK_THAT(r.end.errors, contains("4 clients: Ended after 44 of 400 messages ("));
}

TEST_CASE("stress: says nothing of an early end if a client went on to the end", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send(r.reply + '\n');
    std::this_thread::sleep_for(1ms);
    return r.connection == 0 || r.number < 10;
  }));
  const auto r = stress(server.port(), {"--duration", "1s"});
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.level["window_s"] == 1);
  CHECK(r.level["clients_gone"] == 3);
  CHECK(r.level["ended_early_s"].is_null());
  CHECK_THAT(
      r.end.errors, contains("3 clients had no connection any more and did not go on: with --reconnect they do.") &&
                        !contains("Ended after"));
}
