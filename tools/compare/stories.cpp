#include "tools/compare/stories.hpp"

#include "shared/options/quantity.hpp"
#include "tools/child.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/compare/server_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>

namespace revecho::compare {
namespace {

constexpr std::chrono::milliseconds watch_interval{20};

// A client that asks a server so many things, and how long that takes from its start to its end.
struct errand {
  std::string label;
  std::string server;
  std::string client;
  std::vector<std::string> client_options;
};

struct script {
  std::string title;
  std::string text;
  std::size_t requests;
  std::vector<std::string> server_options;
  std::vector<errand> errands;
};

const errand one_by_one{"sync client and server, one by one", "revecho-sync-server", "revecho-sync-client", {}};

errand in_flight(const std::string& label, const std::string& limit) {
  return {label, "revecho-async-server", "revecho-async-client", {"--max-in-flight", limit}};
}

script script_of(const std::string& name) {
  if (name == "five-requests")
    return {"Five requests, one by one and all together",
        "Each request costs the server 200 ms of waiting. Sequential requests wait for the sum; concurrent requests "
        "wait for the longest.",
        5, {"--delay", "200ms"}, {one_by_one, in_flight("async client and server, all together", "5")}};
  return {"A hundred requests, and a limit on those in flight",
      "Each request costs the server 0 to 100 ms of waiting. A limit protects the backend; the price is the time that "
      "requests spend queued.",
      100, {"--delay", "uniform:0s..100ms", "--seed", "1"},
      {one_by_one, in_flight("async, 2 in flight", "2"), in_flight("async, 10 in flight", "10"),
          in_flight("async, all together", "100")}};
}

struct ending {
  int status = 0;
  std::chrono::steady_clock::time_point time;
};

// Waits for its end in one call, which takes no time from it, while somebody else looks whether that was interrupted.
ending wait_for(pid_t client, const std::atomic<bool>& interrupted) {
  ending end;
  {
    const std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested() && !interrupted)
        std::this_thread::sleep_for(watch_interval);
      if (interrupted) ::kill(client, SIGKILL); // not reaped yet, so the number is still its own
    });
    siginfo_t information{};
    while (::waitid(P_PID, static_cast<id_t>(client), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR)
      ;
    end.time = std::chrono::steady_clock::now();
  }
  ::waitpid(client, &end.status, 0);
  return end;
}

// Nothing if it was interrupted.
std::optional<double> seconds_of(const errand& e, const script& all, const std::vector<int>& server_cpus,
    const std::vector<int>& client_cpus, const std::atomic<bool>& interrupted) {
  server_process server(e.server, all.server_options, server_cpus, interrupted);
  const temporary_folder folder;
  auto arguments = e.client_options;
  arguments.insert(arguments.end(), {"--to", to_string(server.address())});
  for (std::size_t i = 1; i <= all.requests; ++i)
    arguments.push_back(fmt::format("request {}", i));
  const auto before = std::chrono::steady_clock::now();
  const pid_t client = start_own_program(e.client, std::move(arguments), folder / "log", client_cpus);
  const auto [status, end] = wait_for(client, interrupted);
  const std::chrono::duration<double> took = end - before;
  if (interrupted) return std::nullopt;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("{} failed:\n{}{}", e.client, last_lines(folder / "log"), server.log()));
  server.stop();
  return took.count();
}

} // namespace

std::size_t runs_of_story(const std::string& name) { return script_of(name).errands.size(); }

timed_story tell_story(const std::string& name, unsigned repeat, const std::vector<int>& server_cpus,
    const std::vector<int>& client_cpus, const std::function<void(const std::string&)>& begins,
    const std::atomic<bool>& interrupted) {
  const auto all = script_of(name);
  timed_story story{name, all.title, all.text, {}};
  for (const auto& e : all.errands)
    story.rows.push_back({e.label, {}});
  for (unsigned round = 0; round < repeat; ++round) {
    for (std::size_t i = 0; i < all.errands.size(); ++i) {
      const std::size_t turn = round % 2 == 0 ? i : all.errands.size() - 1 - i;
      begins(all.errands[turn].label);
      std::optional<double> seconds;
      try {
        seconds = seconds_of(all.errands[turn], all, server_cpus, client_cpus, interrupted);
      } catch (const std::exception&) {
        if (!interrupted) throw; // else that is why
      }
      if (!seconds) return story;
      story.rows[turn].seconds.push_back(*seconds);
    }
  }
  return story;
}

} // namespace revecho::compare
