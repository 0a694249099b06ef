#include "tests/support/comparing.hpp"

#include <algorithm>

#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/wire.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace revecho::test {

comparison::comparison(const std::vector<std::string>& options, const std::string& script, const std::string& folder)
    : tool_(shell, shell_arguments(script + "; export TMPDIR=" + temporary_.path(),
                       (folder.empty() ? "" : folder + "/") + "revecho-compare", options)) {}

// A tool that is killed takes its servers along, if it is what it should be.
comparison::~comparison() {
  tool_.signal(SIGKILL);
  for (const pid_t child : children())
    ::kill(child, SIGKILL);
}

// Those of the shell are older than its variable.
std::vector<pid_t> comparison::children() const {
  auto all = processes_with(temporary_.path() + "/");
  std::erase(all, tool_.id());
  return all;
}

pid_t comparison::wait_for_server_of(std::size_t clients) const {
  pid_t found = -1;
  const bool in_time = eventually([&] {
    for (const pid_t child : children())
      if (sockets_of(child) > clients) found = child; // one of them listens
    return found > 0;
  });
  if (!in_time) throw std::runtime_error("no server has so many clients; on stderr there is: " + tool_.errors());
  return found;
}

std::vector<std::string> comparison::files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(temporary_.path()))
    names.push_back(entry.path().filename());
  return names;
}

outcome compare(const std::vector<std::string>& options, const std::string& script) {
  return comparison(options, script).wait();
}

nlohmann::json document_of(const outcome& end) { return nlohmann::json::parse(end.output); }

nlohmann::json scenario_of(const outcome& end) {
  const auto document = document_of(end);
  if (document.at("scenarios").size() != 1) throw std::runtime_error("not one scenario");
  return document["scenarios"][0];
}

nlohmann::json result_of(const nlohmann::json& scenario, const std::string& contestant) {
  for (const auto& result : scenario.at("results"))
    if (result.at("contestant") == contestant) return result;
  throw std::runtime_error("there is no result of " + contestant);
}

std::string unwrapped(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::function<void(peer&)> honest(const std::string& framing) {
  return answering(framing, [framing](peer& client, const request& r) {
    client.send(framed(framing, r.reply));
    return true;
  });
}

} // namespace revecho::test
