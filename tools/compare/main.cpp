// revecho-compare: the I/O models side by side, under the same load, on this machine.
#include "shared/command_line.hpp"
#include "shared/quantity.hpp"
#include "shared/signals.hpp"
#include "tools/compare/server_process.hpp"
#include "tools/stress/load.hpp"
#include "tools/stress/options.hpp"
#include "tools/stress/report.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace revecho::compare {
namespace {

struct contestant {
  std::string name;
  std::string program;
  std::vector<std::string> arguments;
};

// The pool is as large as the server's own default.
const std::vector<contestant> contestants{
    {"sync iterative", "revecho-sync-server", {"--model", "iterative"}},
    {"sync pool of 10", "revecho-sync-server", {"--model", "pool", "--threads", "10"}},
    {"sync threads", "revecho-sync-server", {"--model", "threads"}},
    {"async", "revecho-async-server", {}},
};

struct compare_options {
  stress::workload work;
  std::vector<std::size_t> levels{1, 10, 100};
  std::string delay = "10ms";
};

compare_options parse_options(int argc, char** argv) {
  compare_options options;
  options.work.duration = std::chrono::seconds{1};
  CLI::App app{
      "Starts each server in turn, puts the same load on it, and sets the results side by side.", "revecho-compare"};
  app.footer("Examples:\n"
             "  revecho-compare --clients 1,10,100 --delay 10ms\n"
             "  revecho-compare --clients 50 --delay 0 --size 16KiB --framing length --duration 5s");
  add_parsed(
      app, "--clients", options.levels, stress::parse_levels, "N[,N...]", "Clients at once, a row each", "1,10,100");
  const auto delay = [](const std::string& text) { return distribution::parse(text).text(); };
  add_parsed(app, "--delay", options.delay, delay, "DIST", "What each request costs the server in waiting", "10ms");
  stress::add_workload_options(app, options.work);
  app.get_option("--duration")->default_str("1s");
  parse_command_line(app, argc, argv);
  if (const auto reason = reason_impossible(options.work); !reason.empty()) reject_usage(app.get_name(), reason);
  return options;
}

struct result {
  const contestant* who;
  stress::level_result level;
};

std::string as_text(const std::vector<result>& results) {
  table rows(
      {{"server", table::align::left}, {"clients"}, {"replies"}, {"p50"}, {"p99"}, {"max"}, {"unserved"}, {"failed"}});
  const contestant* before = results.empty() ? nullptr : results.front().who;
  for (const auto& [who, level] : results) {
    if (std::exchange(before, who) != who) rows.add_gap();
    const auto failed = level.wrong_total() + level.lost + level.late + level.connect_failed;
    rows.add_row({who->name, std::to_string(level.clients), format_count(level.rate()) + "/s",
        format_duration(level.service.values.percentile(50)), format_duration(level.service.values.percentile(99)),
        format_duration(level.service.values.max()), std::to_string(level.never_served()), std::to_string(failed)});
  }
  return rows.text();
}

// One sentence on the level with the most clients, from what was measured there and nothing else.
std::string conclusion(const std::vector<result>& results, const std::string& delay) {
  std::size_t most = 0;
  for (const auto& r : results)
    most = std::max(most, r.level.clients);
  std::vector<result> last;
  std::copy_if(results.begin(), results.end(), std::back_inserter(last),
      [&](const result& r) { return r.level.clients == most && r.level.verified > 0; });
  if (last.empty()) return "Nothing was answered.";
  std::stable_sort(
      last.begin(), last.end(), [](const auto& a, const auto& b) { return a.level.rate() > b.level.rate(); });
  std::string text =
      fmt::format("With {} client{} and {} of waiting in each request, ", most, most == 1 ? "" : "s", delay);
  for (std::size_t i = 0; i < last.size(); ++i) {
    const auto& level = last[i].level;
    text += fmt::format("{}{} gave {} replies/s", i == 0 ? "" : "; ", last[i].who->name, format_count(level.rate()));
    if (level.never_served() > 0)
      text += fmt::format(" and left {} clients waiting all the time", level.never_served());
  }
  return text + ".";
}

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  stress::load engine(options.work);
  const stop_signals signals([&] { engine.interrupt(); });
  std::vector<result> results;
  bool good = true;
  bool interrupted = false;
  for (const contestant& who : contestants) {
    auto arguments = who.arguments;
    arguments.insert(arguments.end(), {"--framing", std::string(to_string(options.work.framing_kind)), "--delay",
                                          options.delay, "--max-message", std::to_string(options.work.max_size)});
    for (const std::size_t clients : options.levels) {
      fmt::print(stderr, "{}, {} client{} …\n", who.name, clients, clients == 1 ? "" : "s");
      server_process server(who.program, arguments);
      engine.work().to = server.address();
      results.push_back({&who, engine.run(clients)});
      server.stop();
      const auto& level = results.back().level;
      good = good && level.ok();
      interrupted = level.interrupted;
      for (const auto& example : level.examples)
        fmt::print(stderr, "{}: {}\n", who.name, example);
      if (interrupted) break;
    }
    if (interrupted) break;
  }
  fmt::print("{}\n{}\n", as_text(results), conclusion(results, options.delay));
  return good && !interrupted && std::fflush(stdout) == 0 ? exit_success : exit_failure;
}

} // namespace
} // namespace revecho::compare

int main(int argc, char** argv) {
  return revecho::run_program("revecho-compare", [&] { return revecho::compare::run(argc, argv); });
}
