// Servers on UNIX sockets: the file, and what differs from TCP. Direct, because a proxy speaks TCP.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <list>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

using namespace revecho::test;
namespace files = std::filesystem;

namespace {

// A path in a folder of its own.
struct place {
  temporary_folder folder;
  std::string path = folder.path() + "/socket";
  std::string name = "unix:" + path;
};

bool answers_at(const std::string& path) {
  auto client = peer::at_path(path);
  client.send("one\ntwo\n");
  client.half_close();
  return client.receive_all() == "eno\nowt\n";
}

outcome run_server(const variant& v, const std::vector<std::string>& options) {
  auto arguments = v.options;
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run(v.program, arguments);
}

unsigned mode_of(const std::string& path) { return static_cast<unsigned>(files::status(path).permissions()); }

} // namespace

TEST_CASE("server: answers on a UNIX socket as on a port", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  const place at;
  server_process server(v, {"--framing", framing}, {at.name});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{97}, std::size_t{1'000'000}}) {
    const auto sent = framed(framing, std::string(size, 'a') + "b");
    auto client = peer::at_path(at.path);
    client.send(sent);
    client.half_close();
    CHECK((client.receive_all() == expected_reply(framing, sent)));
  }
  const auto log = server.stop();
  CHECK_THAT(log, contains("listening on " + at.name + "\n"));
  CHECK_THAT(totals(log), StartsWith("served 4 connections, 4 messages, "));
}

TEST_CASE("server: answers on ports and UNIX sockets at the same time", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place one;
  const place other;
  server_process server(v, {"--framing", "line"}, {one.name, "127.0.0.1:0", other.name});
  CHECK(answers_at(one.path));
  CHECK(answers(server.ports()[1], "line"));
  CHECK(answers_at(other.path));
  server.stop();
  CHECK_FALSE(files::exists(one.path));
  CHECK_FALSE(files::exists(other.path));
}

TEST_CASE("server: takes all clients of a UNIX socket, whichever event loop they come to", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(100)));
  CAPTURE(v.name);
  const place at;
  server_process server(v, {"--framing", "line"}, {at.name});
  std::list<peer> crowd;
  for (int i = 0; i < 100; ++i)
    crowd.push_back(peer::at_path(at.path));
  for (auto& client : crowd)
    client.send("one\n");
  for (auto& client : crowd)
    CHECK(client.receive(4) == "eno\n");
  crowd.clear();
  server.stop();
}

TEST_CASE("server: writes a UNIX socket's endpoint to the port file", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  const auto port_file = at.folder.path() + "/port";
  auto options = v.options;
  options.insert(options.end(), {"--listen", at.name, "--listen", "127.0.0.1:0", "--port-file", port_file});
  process server(v.program, options);
  server.wait_for_error_text("listening on 127.0.0.1:");
  std::string line;
  std::uint16_t port = 0;
  std::ifstream file(port_file);
  CHECK((std::getline(file, line) && file >> port));
  CHECK(line == at.name);
  CHECK_FALSE(is_refused(port));
}

TEST_CASE("server: names the client of a UNIX socket by the path and its process", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process server(v, {"--framing", "length"}, {at.name});
  auto client = peer::at_path(at.path);
  client.send("\xff\xff\xff\xff");
  CHECK(client.receive_all().empty());
  client.close();
  CHECK_THAT(server.stop(), contains("\nwarning: " + at.name + " (pid " + std::to_string(::getpid()) + "): "));
}

TEST_CASE("server: reports no waiting time in the backlog of a UNIX socket, which nobody measures", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process server(v, {"--framing", "line", "--log-format", "json"}, {at.name});
  server.wait_for_log("\"address\":\"" + at.name + "\"");
  CHECK(answers_at(at.path));
  server.signal(SIGTERM);
  const auto end = server.wait();
  CHECK_THAT(end.errors, contains("\"accepted\":1") && !contains("accept_wait"));
}

TEST_CASE("server: gives its UNIX socket the mode of --socket-mode, else what the umask leaves", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto [umask, option, mode] = GENERATE(table<std::string, std::string, unsigned>(
      {{"077", "0666", 0666}, {"000", "600", 0600}, {"022", "0717", 0717}, {"027", "", 0750}, {"000", "", 0777}}));
  CAPTURE(v.name, umask, option);
  const place at;
  const auto options = option.empty() ? std::vector<std::string>{} : std::vector<std::string>{"--socket-mode", option};
  server_process server(behind("umask " + umask, v), options, {at.name});
  CHECK(mode_of(at.path) == mode);
  server.stop();
}

TEST_CASE("server: takes over the UNIX socket of one that was killed, 20 times", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  for (int i = 0; i < 20; ++i) {
    server_process server(v, {"--framing", "line"}, {at.name});
    CHECK(answers_at(at.path));
    server.signal(SIGKILL);
    CHECK(server.wait().signal == SIGKILL);
    CHECK(files::is_socket(at.path));
  }
}

TEST_CASE("server: refuses a UNIX socket that another has open, and harms nobody", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto owner = GENERATE(from_range(variants()));
  CAPTURE(v.name, owner.name);
  const place at;
  server_process first(owner, {"--framing", "line"}, {at.name});
  const auto second = run_server(v, {"--listen", at.name});
  CHECK(second.exit_code == 1);
  CHECK(second.errors ==
        v.program + ": cannot listen on " + at.name +
            ": Address already in use; another program has it open; stop that, or choose another path\n");
  CHECK(answers_at(at.path));
  CHECK_THAT(totals(first.stop()), StartsWith("served 1 connection, "));
}

TEST_CASE("server: refuses a path that is something else, and leaves that alone", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string kind = GENERATE("file", "folder", "link", "pipe");
  CAPTURE(v.name, kind);
  const place at;
  if (kind == "file") std::ofstream(at.path) << "precious";
  if (kind == "folder") files::create_directory(at.path);
  if (kind == "link") files::create_symlink("nowhere", at.path);
  if (kind == "pipe") REQUIRE(::mkfifo(at.path.c_str(), 0600) == 0);
  const auto before = files::symlink_status(at.path).type();
  const auto end = run_server(v, {"--listen", at.name});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot listen on " + at.name + ": ") &&
                             EndsWith("; something else has that name; remove it, or choose another path\n"));
  CHECK(files::symlink_status(at.path).type() == before);
  if (kind == "file") CHECK(files::file_size(at.path) == 8);
}

TEST_CASE("server: says why it cannot make a UNIX socket", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  const auto nowhere = "unix:" + at.folder.path() + "/no/socket";
  CHECK_THAT(run_server(v, {"--listen", nowhere}).errors,
      contains(
          "cannot listen on " + nowhere + ": No such file or directory; there is no such folder; create it first\n"));
  if (::geteuid() != 0) SKIP_TEST("only root can become somebody else");
  const auto denied = run("/usr/bin/setpriv",
      {"--reuid", "65534", "--clear-groups", program_directory() + "/" + v.program, "--listen", at.name});
  CHECK(denied.exit_code == 1);
  CHECK_THAT(denied.errors, contains("cannot listen on " + at.name + ": Permission denied; the folder, "));
}

TEST_CASE("server: takes a path of 107 bytes, and refuses a longer one at once", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  const auto longest = at.path + std::string(107 - at.path.size(), 'x');
  server_process server(v, {"--framing", "line"}, {"unix:" + longest});
  CHECK(answers_at(longest));
  server.stop();
  const auto end = run_server(v, {"--listen", "unix:" + longest + "x"});
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, contains("the path of a socket has at most 107 bytes"));
}

TEST_CASE("server: removes its UNIX socket at SIGTERM, and finishes what is in flight", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process old(v, {"--framing", "line", "--delay", "500ms", "--drain-timeout", "1h"}, {at.name});
  auto client = peer::at_path(at.path);
  client.send("one\n");
  REQUIRE(client.is_silent_for(std::chrono::milliseconds{50}));
  old.signal(SIGTERM);
  REQUIRE(eventually([&] { return !files::exists(at.path); }));
  server_process next(v, {"--framing", "line"}, {at.name});
  CHECK(answers_at(at.path));
  CHECK(client.receive_all() == "eno\n");
  client.close();
  CHECK(old.wait().exit_code == 0);
  CHECK(answers_at(at.path));
  next.stop();
  CHECK_FALSE(files::exists(at.path));
}

TEST_CASE("server: removes its UNIX socket also when a second signal ends it", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process server(v, {"--framing", "line", "--delay", "1h", "--drain-timeout", "1h"}, {at.name});
  auto client = peer::at_path(at.path);
  client.send("one\n");
  server.signal(SIGTERM);
  server.wait_for_log("stopping: ");
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 1);
  CHECK_FALSE(files::exists(at.path));
}

TEST_CASE("server: leaves the UNIX socket alone that has taken the name of its own", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process first(v, {"--framing", "line"}, {at.name});
  files::remove(at.path);
  server_process second(v, {"--framing", "line"}, {at.name});
  first.stop();
  CHECK(answers_at(at.path));
  second.stop();
  CHECK_FALSE(files::exists(at.path));
}

TEST_CASE("server: is the only one on its UNIX socket, however many take over that of a dead one", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  {
    server_process dead(v, {}, {at.name});
    dead.signal(SIGKILL);
    dead.wait();
  }
  auto options = v.options;
  options.insert(options.end(), {"--framing", "line", "--listen", at.name});
  std::list<process> all;
  for (int i = 0; i < 6; ++i)
    all.emplace_back(v.program, options);
  const auto has = [](const process& p, const char* text) { return p.errors().find(text) != std::string::npos; };
  const auto count = [&](const char* text) {
    return std::count_if(all.begin(), all.end(), [&](const process& p) { return has(p, text); });
  };
  CHECK(eventually([&] { return count("listening on ") + count("Address already in use") == 6; }));
  CHECK(count("listening on ") == 1);
  CHECK(answers_at(at.path));
}

TEST_CASE("server: leaves no UNIX socket behind when another --listen fails", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  const listening_socket taken;
  CHECK(run_server(v, {"--listen", at.name, "--listen", std::to_string(taken.port())}).exit_code == 1);
  CHECK_FALSE(files::exists(at.path));
}

TEST_CASE("server: keeps the place of urgent bytes on a UNIX socket", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const place at;
  server_process server(v, {"--framing", "line"}, {at.name});
  auto client = peer::at_path(at.path);
  client.send("ab");
  try {
    client.send_urgent('c');
  } catch (const std::system_error& error) {
    SKIP_TEST(std::string("no urgent bytes on UNIX sockets here: ") + error.what());
  }
  client.send("d\n");
  CHECK(client.receive(5) == "dcba\n");
  client.close();
  server.stop();
}
