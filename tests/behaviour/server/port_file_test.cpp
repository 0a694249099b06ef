// --port-file: the ports, wherever the name leads, and nothing else harmed.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace revecho::test;
namespace files = std::filesystem;

namespace {

const std::vector<std::string> servers{"revecho-sync-server", "revecho-async-server", "revecho-epoll-server"};

std::vector<std::string> writing_to(const std::string& port_file) {
  return {"--listen", "127.0.0.1:0", "--port-file", port_file};
}

// Is this signal blocked, so that a thread takes it? All of them are for a moment while a process or a thread starts.
bool awaits_signal(pid_t process, int signal) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;) {
    std::uint64_t blocked = 0;
    const auto has = [&](int one) { return (blocked >> (one - 1) & 1) != 0; };
    if (word == "SigBlk:" && file >> std::hex >> blocked) return has(signal) && !has(SIGUSR1);
  }
  return false;
}

std::uint16_t port_in(const std::string& path) {
  std::uint16_t port = 0;
  std::ifstream(path) >> port;
  return port;
}

} // namespace

TEST_CASE("port file: replaces a file that is there") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto path = directory.path() + "/port";
  std::ofstream(path) << "something that is longer than a port";
  process server(program, writing_to(path));
  server.wait_for_error_text("listening on ");
  CHECK_FALSE(is_refused(port_in(path)));
  CHECK_FALSE(files::exists(path + ".new"));
}

TEST_CASE("port file: replaces a symbolic link, and harms nothing where it leads") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto link = directory.path() + "/link";
  const auto target = directory.path() + "/target";
  std::ofstream(target) << "old";
  files::create_symlink(target, link);
  process server(program, writing_to(link));
  server.wait_for_error_text("listening on ");
  CHECK_FALSE(files::is_symlink(link));
  CHECK_FALSE(is_refused(port_in(link)));
  std::string kept;
  std::ifstream(target) >> kept;
  CHECK(kept == "old");
}

TEST_CASE("port file: may be a pipe") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto path = directory.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  process server(program, writing_to(path));
  server.wait_for_error_text("listening on ");
  std::string text(100, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(reader, text.data(), text.size()), 0)));
  ::close(reader);
  CHECK(files::is_fifo(path));
  CHECK_THAT(server.errors(), contains("listening on 127.0.0.1:" + text));
  CHECK(text.size() > 1);
}

TEST_CASE("port file: that is a pipe without a reader does not keep the server from stopping") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto path = directory.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  process server(program, writing_to(path));
  REQUIRE(eventually([&] { return awaits_signal(server.id(), SIGTERM); }));
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 0);
}

TEST_CASE("port file: may be the standard output") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto link = directory.path() + "/stdout"; // as /dev/stdout, which no test should put at risk
  files::create_symlink("/proc/self/fd/1", link);
  process server(program, writing_to(link));
  server.wait_for_error_text("listening on ");
  CHECK(files::is_symlink(link));
  server.signal(SIGTERM);
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.errors, contains("listening on 127.0.0.1:" + end.output));
  CHECK(end.output.size() > 1);
}

TEST_CASE("port file: in a folder that is not ours is no matter of ports and their privileges") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto path = directory.path() + "/port";
  auto command = writing_to(path);
  command.insert(command.begin(), {"--reuid", "65534", "--clear-groups", program_directory() + "/" + program});
  if (::geteuid() != 0) SKIP_TEST("only root can become somebody else");
  const auto end = run("/usr/bin/setpriv", command);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, EndsWith(program + ": cannot write " + path + ": Permission denied\n"));
}

TEST_CASE("port file: leaves alone what has the names beside it") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto path = directory.path() + "/port";
  for (const auto* name : {"/port.new", "/port.new1"})
    std::ofstream(directory.path() + name) << "somebody's";
  process server(program, writing_to(path));
  server.wait_for_error_text("listening on ");
  CHECK(port_in(path) > 0);
  for (const auto* name : {"/port.new", "/port.new1"}) {
    std::string text;
    std::ifstream(directory.path() + name) >> text;
    CHECK(text == "somebody's");
  }
}

TEST_CASE("port file: is written in place if it cannot be replaced") {
  const auto program = GENERATE(from_range(servers));
  const bool is_mounted = GENERATE(true, false); // or in a folder of somebody else
  CAPTURE(program, is_mounted);
  if (::geteuid() != 0) SKIP_TEST("only root can mount, and become somebody else");
  const temporary_folder directory;
  const auto path = directory.path() + "/port";
  std::ofstream(path) << "older";
  ::chmod(directory.path().c_str(), 0755);
  ::chmod(path.c_str(), 0666);
  auto command = writing_to(path);
  if (is_mounted) {
    const auto script = "mount --bind '" + path + "' '" + path + "' || exit 77; exec \"$0\" \"$@\"";
    command.insert(command.begin(), {"--mount", "/bin/sh", "-c", script, program_directory() + "/" + program});
  } else {
    command.insert(command.begin(), {"--reuid", "65534", "--clear-groups", program_directory() + "/" + program});
  }
  process server(is_mounted ? "/usr/bin/unshare" : "/usr/bin/setpriv", command);
  // In a chroot there may be no mounts of its own.
  const auto cannot_mount = [&] {
    const auto errors = server.errors();
    return errors.starts_with("unshare: ") || errors.starts_with("mount: ");
  };
  CHECK(eventually([&] { return port_in(path) > 0 || cannot_mount(); }));
  if (cannot_mount()) SKIP_TEST(server.errors());
  server.wait_for_error_text("listening on 127.0.0.1:" + std::to_string(port_in(path)));
}

TEST_CASE("port file: that cannot be written ends the server with 1, and leaves nothing behind") {
  const auto program = GENERATE(from_range(servers));
  CAPTURE(program);
  const temporary_folder directory;
  const auto [name, reason] =
      GENERATE(table<std::string, std::string>({{"/nowhere/at/all", "No such file or directory"},
          {"", "Is a directory"}, {"/full", "No space left on device"}}));
  CAPTURE(name);
  const auto path = directory.path() + name;
  if (name == "/full") files::create_symlink("/dev/full", path);
  const auto end = run(program, writing_to(path));
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot write " + path + ": " + reason));
  CHECK_FALSE(files::exists(path + ".new"));
}
