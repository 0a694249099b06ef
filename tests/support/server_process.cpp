#include "tests/support/server_process.hpp"
#include "tests/support/build.hpp"

#include "tests/support/wire.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace revecho::test {
namespace {

constexpr std::size_t unlimited = 1'000'000;
constexpr const char* proxy_seed = "REVECHO_TEST_PROXY";

std::vector<std::string> arguments_of(const variant& v, const std::vector<std::string>& options,
    const std::vector<std::string>& listen, const std::string& port_file) {
  auto result = v.options;
  for (const auto& where : listen)
    result.insert(result.end(), {"--listen", where});
  result.insert(result.end(), {"--port-file", port_file});
  result.insert(result.end(), options.begin(), options.end());
  return result;
}

std::filesystem::path process_files(pid_t id, const char* name) {
  return std::filesystem::path("/proc") / std::to_string(id) / name;
}

} // namespace

std::vector<variant> variants() {
  const std::string sync = "revecho-sync-server";
  const std::string async = "revecho-async-server";
  const std::string epoll = "revecho-epoll-server";
  return {
      {"sync iterative", sync, {"--model", "iterative"}, 1},
      {"sync threads", sync, {"--model", "threads"}, unlimited},
      {"sync pool", sync, {"--model", "pool", "--threads", "4"}, 4},
      {"async 1", async, {}, unlimited},
      {"async 2", async, {"--threads", "2"}, unlimited},
      {"epoll 1", epoll, {}, unlimited},
      {"epoll 2", epoll, {"--threads", "2"}, unlimited},
  };
}

std::vector<variant> variants_serving(std::size_t at_once) {
  auto result = variants();
  std::erase_if(result, [=](const variant& v) { return v.at_once < at_once; });
  return result;
}

bool behind_proxy() { return std::getenv(proxy_seed) != nullptr; }

variant behind(const std::string& shell_commands, const variant& v) {
  auto result = v;
  result.program = "/bin/sh";
  result.options.insert(
      result.options.begin(), {"-c", shell_commands + "; exec \"$0\" \"$@\"", program_directory() + "/" + v.program});
  return result;
}

// The port file is complete before the first line of the log says that it listens.
server_process::server_process(
    const variant& v, const std::vector<std::string>& options, const std::vector<std::string>& listen)
    : process_(v.program, arguments_of(v, options, listen, folder_ / "port")) {
  process_.wait_for_error_text("listening on ");
  std::ifstream file(folder_ / "port");
  for (std::string line; std::getline(file, line);)
    ports_.push_back(line.starts_with("unix:") ? 0 : static_cast<std::uint16_t>(std::stoul(line)));
  if (ports_.size() != listen.size()) throw std::runtime_error("the port file has not as many lines as --listen");
  descriptors_at_first_ = descriptors();
  threads_at_first_ = threads().size();
  if (!behind_proxy()) return;
  auto seed = std::stoull(std::getenv(proxy_seed));
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (!listen[i].starts_with("127.0.0.1:")) throw std::runtime_error(listen[i] + " cannot be behind a proxy");
    ports_[i] = proxies_.emplace_back(ports_[i], seed++).port();
  }
}

// A signal is sent when kill() returns, but its effect may come later.
void server_process::pause() {
  signal(SIGSTOP);
  const auto is_stopped = [this](pid_t thread) {
    std::ifstream file(process_files(id(), "task") / std::to_string(thread) / "stat");
    std::string text;
    std::getline(file, text);
    const auto end_of_name = text.rfind(") ");
    return end_of_name != std::string::npos && text[end_of_name + 2] == 'T';
  };
  const bool all = eventually([&] {
    const auto all_threads = threads();
    return std::all_of(all_threads.begin(), all_threads.end(), is_stopped);
  });
  if (!all) throw std::runtime_error("the server does not stop at SIGSTOP");
}

std::string server_process::stop() {
  const bool is_at_rest =
      eventually([this] { return descriptors() <= descriptors_at_first_ && threads().size() <= threads_at_first_; });
  if (!is_at_rest)
    throw std::runtime_error("the server, which had " + std::to_string(descriptors_at_first_) + " descriptors and " +
                             std::to_string(threads_at_first_) + " threads at first, has " +
                             std::to_string(descriptors()) + " and " + std::to_string(threads().size()));
  signal(SIGTERM);
  const auto end = wait();
  if (end.exit_code != 0)
    throw std::runtime_error("the server ended with exit code " + std::to_string(end.exit_code) + ", signal " +
                             std::to_string(end.signal) + " and this log: " + end.errors);
  return end.errors;
}

std::string server_process::name_of(const std::string& client_address) {
  if (proxies_.empty()) return client_address;
  const auto colon = client_address.rfind(':') + 1;
  const auto port = static_cast<std::uint16_t>(std::stoul(client_address.substr(colon)));
  return client_address.substr(0, colon) + std::to_string(proxies_.front().port_for(port));
}

std::size_t server_process::descriptors() const {
  const std::filesystem::directory_iterator files(process_files(id(), "fd"));
  return static_cast<std::size_t>(std::distance(begin(files), std::filesystem::directory_iterator{}));
}

std::vector<pid_t> server_process::threads() const {
  std::vector<pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator(process_files(id(), "task")))
    result.push_back(std::stoi(entry.path().filename()));
  return result;
}

std::size_t server_process::memory() const {
  std::ifstream file(process_files(id(), "statm"));
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t server_process::peak_memory() const { return 1024 * status_of(id(), "VmHWM"); }

std::chrono::nanoseconds server_process::processor_time() const { return revecho::processor_time(id()); }

std::string totals(const std::string& log) {
  const auto start = log.rfind("\nserved ");
  return start == std::string::npos ? "no totals in: " + log : log.substr(start + 1);
}

} // namespace revecho::test
