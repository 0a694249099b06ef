// revecho-stress against servers that lie, one lie each: it names the lie, and nothing else. Direct:
// they lie to the byte, and no proxy is in front of them.
#define CATCH_CONFIG_ENABLE_PAIR_STRINGMAKER
#include "tests/support/catch.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

using tally = std::map<std::string, int>;

struct report {
  outcome end;
  tally faults; // whatever the tool counted against the server, by name
  int verified = 0;
};

report stress(std::uint16_t port, const std::string& framing, const std::vector<std::string>& options) {
  std::vector<std::string> all{std::to_string(port), "--framing", framing, "--json", "-"};
  all.insert(all.end(), options.begin(), options.end());
  report result{run("revecho-stress", all), {}, 0};
  const auto document = nlohmann::json::parse(result.end.output, nullptr, false);
  if (document.is_discarded()) return result;
  const auto& level = document["levels"][0];
  CHECK(contradictions(level, result.end.errors) == std::vector<std::string>{});
  if (level["verified"] > 0) CHECK(level["hints"].empty()); // of ordinary faults
  for (const auto& [kind, count] : level["wrong"].items())
    if (count != 0) result.faults[kind] = count;
  for (const std::string kind : {"lost", "late", "connect_failed", "closed_early"})
    if (level[kind] != 0) result.faults[kind] = level[kind];
  result.verified = level["verified"];
  return result;
}

// Answers honestly except for the messages that `lie` takes over, by returning true.
auto answering_but(const std::string& framing, std::function<bool(peer&, const request&)> lie) {
  return answering(framing, [framing, lie = std::move(lie)](peer& client, const request& r) {
    if (!lie(client, r)) client.send(framed(framing, r.reply));
    return true;
  });
}

void check(const report& r, const tally& faults, int verified) {
  INFO(r.end.errors);
  CHECK(r.end.exit_code == (faults.empty() ? 0 : 1));
  CHECK(r.faults == faults);
  CHECK(r.verified == verified);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), " %02x", static_cast<unsigned char>(byte));
    text += digits.data();
  }
  return text;
}

std::string with_a_bit_flipped(std::string text, std::size_t position) {
  text[position] = static_cast<char>(text[position] ^ 1);
  return text;
}

std::vector<std::string> four_clients(const std::vector<std::string>& more = {}) {
  std::vector<std::string> all{"--clients", "4", "--messages", "20"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

} // namespace

TEST_CASE("stress: finds nothing wrong with an honest server", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  const scripted_server server(answering_but(framing, [](peer&, const request&) { return false; }));
  CAPTURE(framing);
  check(stress(server.port(), framing, four_clients()), {}, 80);
}

TEST_CASE("stress: finds nothing wrong with a server of ours, whatever the load") {
  const auto v = GENERATE(from_range(variants()));
  const auto options = GENERATE(values<std::vector<std::string>>({
      {"--pipeline", "16", "--size", "uniform:1..20KiB"},
      {"--session", "7", "--half-close", "--threads", "2"},
      {"--session", "uniform:1..9", "--close", "reset", "--pipeline", "4"},
  }));
  const std::string framing = GENERATE("line", "length");
  const server_process server(v, {"--framing", framing});
  CAPTURE(v.name, framing, options);
  check(stress(server.port(), framing, four_clients(options)), {}, 80);
}

TEST_CASE("stress: names the lie in one of 20 replies, and nothing else", "[direct]") {
  const auto [framing, kind] = GENERATE(table<std::string, std::string>({
      {"raw", "echoed unchanged"},
      {"raw", "corrupt"},
      {"line", "echoed unchanged"},
      {"line", "corrupt"},
      {"line", "short"},
      {"line", "extra bytes"},
      {"length", "echoed unchanged"},
      {"length", "corrupt"},
      {"length", "short"},
      {"length", "extra bytes"},
      {"eof", "echoed unchanged"},
      {"eof", "corrupt"},
      {"eof", "short"},
      {"eof", "extra bytes"},
  }));
  const scripted_server server(answering_but(framing, [in = framing, fault = kind](peer& client, const request& r) {
    if (r.total % 20 != 10) return false;
    std::string reply = r.message;
    if (fault == "corrupt") reply = with_a_bit_flipped(r.reply, 40);
    if (fault == "short") reply = r.reply.substr(0, 54);
    if (fault == "extra bytes") reply = r.reply + "0123456789";
    client.send(framed(in, reply));
    return true;
  }));
  const auto r = stress(server.port(), framing, four_clients());
  CAPTURE(framing, kind);
  check(r, {{kind, 4}}, 76);
  CHECK_THAT(r.end.errors, contains("4 clients: 4 wrong: " + kind) && contains(" message ") && contains("expected"));
}

TEST_CASE("stress: shows the one reply in 1,000 in which a bit is wrong", "[direct]") {
  const std::string framing = GENERATE("line", "length");
  std::mutex mutex;
  std::string original;
  const scripted_server server(answering_but(framing, [&](peer& client, const request& r) {
    if (r.message[0] != '3' || r.number != 27) return false; // the first character is the number of the client
    if (const std::lock_guard lock(mutex); true) original = r.reply;
    client.send(framed(framing, with_a_bit_flipped(r.reply, 32)));
    return true;
  }));
  const auto r = stress(server.port(), framing, {"--clients", "20", "--messages", "50"});
  CAPTURE(framing);
  check(r, {{"corrupt", 1}}, 999);
  const std::lock_guard lock(mutex);
  REQUIRE(original.size() == 64);
  const auto came = with_a_bit_flipped(original, 32);
  CHECK_THAT(r.end.errors,
      contains("client 3 message 27: wrong reply: corrupt\n    expected … at 24:" + hex(original.substr(24, 16)) +
               " …\n    came     … at 24:" + hex(came.substr(24, 16)) + " …\n"));
}

TEST_CASE("stress: calls every 100th reply late that never comes", "[direct]") {
  const std::string framing = GENERATE("raw", "length");
  const scripted_server server(answering_but(framing, [](peer&, const request& r) { return r.total % 100 == 99; }));
  const auto r =
      stress(server.port(), framing, {"--clients", "4", "--messages", "50", "--timeout", "1s", "--reconnect"});
  CAPTURE(framing);
  check(r, {{"late", 2}}, 198);
  CHECK_THAT(r.end.errors, contains("late: no more after 0 of 6"));
}

TEST_CASE("stress: calls a reply lost that was left out, and the next one out of order", "[direct]") {
  const std::string framing = GENERATE("line", "length");
  const scripted_server server(answering_but(framing, [](peer&, const request& r) { return r.number == 10; }));
  const auto r = stress(server.port(), framing, four_clients({"--pipeline", "5"}));
  CAPTURE(framing);
  check(r, {{"lost", 4}, {"out of order", 4}}, 72);
  CHECK_THAT(r.end.errors, contains(" message 10: wrong reply: out of order\n"));
}

TEST_CASE("stress: names replies in the wrong order, of which none is lost", "[direct]") {
  const auto [order, faults] = GENERATE(table<std::string, tally>({
      {"10234", {{"out of order", 2}}}, {"30124", {{"out of order", 4}}}, {"43210", {{"out of order", 5}}},
      {"110234", {{"out of order", 2}, {"repeated", 1}}},
      {"311024", {{"out of order", 4}, {"repeated", 1}}}, // once more while 0 and 2 are still to come
  }));
  const std::string framing = GENERATE("line", "length");
  const scripted_server server([=, places = order](peer& client) {
    message_reader messages(client, framing);
    std::array<std::string, 5> replies;
    for (auto& reply : replies)
      reply = framed(framing, reversed(messages.next().value()));
    std::string all;
    for (const char place : places)
      all += replies.at(static_cast<std::size_t>(place - '0'));
    client.send(all);
    while (const auto message = messages.next())
      client.send(framed(framing, reversed(*message)));
  });
  const auto r = stress(server.port(), framing, {"--clients", "1", "--messages", "10", "--pipeline", "5"});
  CAPTURE(framing, order);
  check(r, faults, 10 - faults.at("out of order"));
}

TEST_CASE("stress: names the reply that comes once more before the right one", "[direct]") {
  const auto [framing, depth] =
      GENERATE(table<std::string, std::string>({{"line", "1"}, {"length", "1"}, {"line", "8"}}));
  std::array<std::string, 4> previous;
  const scripted_server server(answering_but(framing, [&, in = framing](peer& client, const request& r) {
    if (r.number == 10) client.send(previous[r.connection] + framed(in, r.reply));
    previous[r.connection] = framed(in, r.reply);
    return r.number == 10;
  }));
  const auto r = stress(server.port(), framing, four_clients({"--pipeline", depth}));
  CAPTURE(framing, depth);
  check(r, {{"repeated", 4}}, 80);
  CHECK_THAT(r.end.errors, contains(" message 10: wrong reply: repeated\n"));
}

TEST_CASE("stress: names the reply that comes once more in place of the right one, which is late", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "length");
  std::array<std::string, 4> previous;
  const scripted_server server(answering_but(framing, [&](peer& client, const request& r) {
    if (r.number == 10) client.send(previous[r.connection]);
    previous[r.connection] = framed(framing, r.reply);
    return r.number == 10;
  }));
  const auto r = stress(server.port(), framing, four_clients({"--timeout", "1s"}));
  CAPTURE(framing);
  check(r, {{"late", 4}, {"repeated", 4}}, 40);
}

TEST_CASE("stress: names replies that all come twice", "[direct]") {
  const auto [framing, depth] =
      GENERATE(table<std::string, std::string>({{"raw", "1"}, {"line", "1"}, {"length", "1"}, {"length", "8"}}));
  const scripted_server server(answering_but(framing, [in = framing](peer& client, const request& r) {
    client.send(framed(in, r.reply) + framed(in, r.reply));
    return true;
  }));
  const auto r = stress(server.port(), framing, four_clients({"--pipeline", depth}));
  CAPTURE(framing, depth, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK((r.faults.size() == 1 && r.faults.contains("repeated")));
  CHECK(r.verified >= 4);
}

TEST_CASE("stress: names replies that went to each other's connection", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "length");
  std::barrier both(2);
  std::array<std::string, 2> replies;
  const scripted_server server(answering_but(framing, [&](peer& client, const request& r) {
    if (r.number != 5) return false;
    replies[r.connection] = framed(framing, r.reply);
    both.arrive_and_wait();
    client.send(replies[1 - r.connection]);
    return true;
  }));
  const auto r = stress(server.port(), framing, {"--clients", "2", "--messages", "20"});
  CAPTURE(framing);
  check(r, {{"other connection's", 2}}, 38);
  CHECK_THAT(r.end.errors, contains("client 0 message 5: wrong reply: other connection's\n") &&
                               contains("which answers client 1 message 5\n") &&
                               contains("which answers client 0 message 5\n"));
}

TEST_CASE("stress: calls messages late that a server does not even read", "[direct]") {
  const auto [depth, faults] = GENERATE(table<std::string, tally>({
      {"1", {{"late", 3}}}, {"4", {{"late", 3}, {"lost", 9}}}, // those after it are lost with the connection
  }));
  std::promise<void> over;
  const scripted_server server([&, ended = over.get_future().share()](peer&) { ended.wait(); });
  const auto r = stress(server.port(), "length",
      {"--clients", "3", "--messages", "4", "--size", "16MiB", "--timeout", "500ms", "--pipeline", depth});
  over.set_value();
  CAPTURE(depth, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.faults == faults);
  CHECK_THAT(r.end.errors, contains("late: no more after 0 of 16777220 bytes of the reply in "));
}

TEST_CASE("stress: calls a reply late that comes byte by byte, however steadily", "[direct]") {
  const std::string framing = GENERATE("line", "length");
  const scripted_server server(answering_but(framing, [&](peer& client, const request& r) {
    for (const char byte : framed(framing, r.reply)) {
      client.send({&byte, 1});
      if (!client.is_silent_for(200ms)) break; // it has given up
    }
    return true;
  }));
  const auto r = stress(server.port(), framing, {"--clients", "2", "--messages", "1", "--timeout", "500ms"});
  CAPTURE(framing);
  check(r, {{"late", 2}}, 0);
}

TEST_CASE("stress: calls messages lost that are too long for a server, which closes the connection in order") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  const server_process server(v, {"--framing", framing, "--max-message", "1000"});
  CAPTURE(v.name, framing);
  check(stress(server.port(), framing, {"--clients", "2", "--messages", "3", "--size", "1000"}), {}, 6);
  const auto r = stress(server.port(), framing, {"--clients", "2", "--messages", "3", "--size", "1001"});
  check(r, {{"lost", 2}}, 0);
  CHECK_THAT(r.end.errors, contains("the connection was closed after 0 of "));
}

TEST_CASE("stress: calls a reply lost when the connection ends in the middle of it", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "length");
  const bool orderly = GENERATE(true, false);
  const scripted_server server(answering(framing, [=](peer& client, const request& r) {
    const auto reply = framed(framing, r.reply);
    client.send(r.number < 10 ? reply : reply.substr(0, 33));
    if (r.number == 10 && !orderly) client.reset();
    return r.number < 10;
  }));
  const auto r = stress(server.port(), framing, four_clients());
  CAPTURE(framing, orderly);
  check(r, {{"lost", 4}}, 40);
  CHECK_THAT(r.end.errors, contains(" message 10: ") && contains(" of the reply"));
  if (orderly) CHECK_THAT(r.end.errors, contains("the connection was closed after 33 of 6"));
}

TEST_CASE("stress: names bytes after a reply", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "length");
  const scripted_server server(answering_but(framing, [=](peer& client, const request& r) {
    if (r.number == 10) client.send(framed(framing, r.reply) + "!?");
    return r.number == 10;
  }));
  const auto r = stress(server.port(), framing, four_clients());
  CAPTURE(framing);
  check(r, {{"extra bytes", 4}}, 44);
  CHECK_THAT(r.end.errors, contains(": extra bytes: 21 3f after the reply to message 10\n"));
}
