// revecho-compare: the I/O models side by side, under the same loads, on this machine.
#include "shared/process/output.hpp"
#include "shared/process/program.hpp"
#include "shared/process/signals.hpp"
#include "tools/compare/documents.hpp"
#include "tools/compare/options.hpp"
#include "tools/compare/output.hpp"
#include "tools/compare/report.hpp"
#include "tools/compare/runner.hpp"
#include "tools/compare/verdict.hpp"
#include "tools/files.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace revecho::compare {
namespace {

using json = nlohmann::ordered_json;

document read(const std::string& name) {
  std::ifstream file(name);
  if (!file) throw std::system_error(errno, std::system_category(), fmt::format("cannot read {}", name));
  try {
    return json::parse(file).get<document>();
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", name, error.what()));
  }
}

// The same runs twice would look like twice as many.
void check_different(const std::vector<std::string>& names) {
  std::map<std::pair<dev_t, ino_t>, std::string> known;
  for (const auto& name : names) {
    struct stat file {};
    if (::stat(name.c_str(), &file) != 0) continue; // says so when it is read
    const auto [same, is_new] = known.try_emplace({file.st_dev, file.st_ino}, name);
    if (!is_new)
      reject_usage("revecho-compare",
          fmt::format("--join: {} is the same file as {}: its runs would count twice", name, same->second));
  }
}

// Runs that are unlike are a mistake of who asked.
document join(const std::vector<std::string>& names, bool merge) {
  check_different(names);
  auto all = read(names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    const auto next = read(names[i]);
    if (const auto unlike = differences(all, next); !unlike.empty())
      reject_usage("revecho-compare", fmt::format("--join: {} cannot be compared with {}: they differ in\n  {}",
                                          names[i], names.front(), fmt::join(unlike, "\n  ")));
    if (const auto both = names_in_both(all, next); !both.empty() && !merge)
      reject_usage("revecho-compare",
          fmt::format(
              "--join: {} is in {} and in a file before it: add --merge if its runs are to count as more runs of "
              "the same; to see them side by side, measure under two names (--against NAME=ENDPOINT)",
              fmt::join(both, ", "), names[i]));
    all = joined(std::move(all), next);
  }
  return all;
}

document measure(const compare_options& options) {
  for (const auto& s : options.scenarios)
    if (const auto missing = stress::what_is_missing(s.work, s.clients); !missing.empty())
      throw std::runtime_error(missing);
  runner all(options);
  // With SIGHUP: the servers would not notice that the terminal is gone, and run for ever.
  const stop_signals signals([&] { all.interrupt(); }, {SIGTERM, SIGINT, SIGHUP});
  return all.run();
}

int run(int argc, char** argv) {
  const auto options = parse_compare_options(argc, argv);
  check_writable(options.json);
  check_writable(options.report);
  auto results = options.join.empty() ? measure(options) : join(options.join, options.merge);
  judge_all(results);
  const json document(results);
  // Names and logs may be anything.
  const auto text = document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  writing results_of_all("revecho-compare"); // it took minutes to get them
  results_of_all.attempt([&] {
    write_to_stdout(options.json == "-"     ? text
                    : options.report == "-" ? report_html(nlohmann::json(document))
                                            : as_text(results, terminal_width(STDOUT_FILENO)));
  });
  if (!options.json.empty() && options.json != "-") results_of_all.attempt([&] { write_file(options.json, text); });
  if (!options.report.empty() && options.report != "-")
    results_of_all.attempt([&] {
      write_file(options.report, report_html(nlohmann::json(document)));
      write_to_stderr(
          fmt::format("The report, for any browser: {}\n", std::filesystem::absolute(options.report).string()));
    });
  if (results.interrupted && options.join.empty()) return exit_interrupted;
  return results.ok && results_of_all.good() ? exit_success : exit_failure;
}

} // namespace
} // namespace revecho::compare

int main(int argc, char** argv) {
  return revecho::run_program("revecho-compare", [&] {
    revecho::end_when_memory_is_exhausted();
    return revecho::compare::run(argc, argv);
  });
}
