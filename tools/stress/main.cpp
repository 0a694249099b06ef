// revecho-stress: many verified clients against any server that reverses bytes.
#include "shared/options/command_line.hpp"
#include "shared/process/format.hpp"
#include "shared/process/output.hpp"
#include "shared/process/program.hpp"
#include "shared/process/signals.hpp"
#include "tools/files.hpp"
#include "tools/host.hpp"
#include "tools/stress/documents.hpp"
#include "tools/stress/events.hpp"
#include "tools/stress/find_rate.hpp"
#include "tools/stress/load.hpp"
#include "tools/stress/options.hpp"
#include "tools/stress/output.hpp"
#include "tools/stress/progress.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace revecho::stress {
namespace {

// Where the results go while levels come and go.
class session {
 public:
  explicit session(stress_options options)
      : options_(std::move(options)),
        engine_(options_.work),
        line_(!options_.quiet),
        rows_(*std::max_element(options_.levels.begin(), options_.levels.end()), terminal_width(STDOUT_FILENO)) {
    check_writable(options_.json);
    check_writable(options_.hgrm);
    check_writable(options_.junit);
    csv_ = line_file(options_.csv);
    events_ = line_file(options_.events);
    if (csv_.is_open()) csv_.write(csv_titles());
  }

  load& engine() noexcept { return engine_; }

  int run() {
    if (options_.find_rate) {
      search();
    } else {
      for (const std::size_t clients : options_.levels)
        if (run_level(clients).interrupted) break;
    }
    report_unused_addresses();
    if (is_interrupted()) write_to_stderr("interrupted: showing partial results\n");
    const bool good = write_results();
    if (is_interrupted()) return exit_interrupted;
    return good ? exit_success : exit_failure;
  }

 private:
  bool is_interrupted() const noexcept { return !levels_.empty() && levels_.back().interrupted; }

  const level_result& run_level(std::size_t clients) {
    if (options_.sources_auto) engine_.work().sources = automatic_sources(options_.work, clients);
    load::observer observer;
    const bool keeps_seconds = !options_.json.empty() || options_.rule.than;
    if (!options_.csv.empty() || keeps_seconds || line_.is_shown())
      observer = [this, clients](const second& s) { observe(clients, s.figures()); };
    errors_ = 0;
    levels_.push_back(engine_.run(clients, observer));
    levels_.back().by_second = std::exchange(by_second_, {});
    line_.clear();
    record_events(levels_.back());
    show_row(levels_.back());
    if (!options_.find_rate || levels_.back().wrong_total() > 0) report_failures(levels_.back());
    const bool is_step = options_.find_rate && levels_.back().ok(); // of these, only the outcome is of interest
    if (!options_.quiet && !is_step)
      for (const auto& text : remarks_about(levels_.back()))
        write_to_stderr(fitting(fmt::format("{}: {}", name_of(levels_.back()), text)) + '\n');
    return levels_.back();
  }

  // After the level, when nobody is held up by a slow reader.
  void record_events(level_result& level) {
    if (!events_.is_open()) return;
    write_events(level, [&](std::string_view lines) { events_.write(lines); });
    level.faults.drop_kept();
    level.ends = {};
  }

  std::vector<std::string> remarks_about(const level_result& level) {
    auto all = remarks(level, engine_.work());
    if (const auto& than = options_.rule.than)
      if (auto text = about_unknown(*than, level); !text.empty()) all.push_back(std::move(text));
    return all;
  }

  // Even with --quiet: an exit code needs a reason.
  void report_failures(const level_result& level) const {
    for (const auto& reason : failures(options_.rule, level))
      write_to_stderr(fitting(fmt::format("{}: failed: {}", name_of(level), reason)) + '\n');
  }

  void report_unused_addresses() const {
    if (options_.quiet || options_.work.all_addresses) return;
    for (const auto& name : engine_.resolutions())
      if (name.addresses.size() > 1)
        write_to_stderr(fitting(fmt::format("{} has {} addresses, and each client uses the first that answers: with "
                                            "--all-addresses each is a target",
                            name.name.host, name.addresses.size())) +
                        '\n');
  }

  // The steps of a search differ in nothing but their rate.
  std::string name_of(const level_result& level) const {
    if (options_.find_rate) return format_count(level.offered_rate) + "/s";
    return fmt::format("{} client{}", level.clients, level.clients == 1 ? "" : "s");
  }

  // A line for programs; for people as many as it takes. Examples of wrong replies have lines of their own.
  static std::string fitting(const std::string& text) {
    const auto width = terminal_width(STDERR_FILENO);
    return width == any_width || text.find('\n') != text.npos ? text : wrapped(text, sentence_width(width), 2);
  }

  // After a failure there are no more: the other results may still be written.
  void show_row(const level_result& level) {
    if (has_document_on_stdout() || row_failure_) return;
    try {
      write_to_stdout(rows_.add(level));
    } catch (const std::system_error&) {
      row_failure_ = std::current_exception();
    }
  }

  void observe(std::size_t clients, const second_figures& s) {
    by_second_.push_back(s);
    if (csv_.is_open()) csv_.write(csv_line(clients, s));
    errors_ += s.errors;
    const auto& work = options_.work;
    const auto total = work.ramp + work.warmup + work.duration + work.cooldown;
    line_.show(work.messages ? -1 : std::chrono::duration<double>(s.time) / total,
        fmt::format("{}  {}/{} connected  {}/s  p99 {}  {} errors",
            format_duration(std::chrono::round<std::chrono::seconds>(s.time)), s.connected, clients,
            format_count(static_cast<double>(s.verified)), s.p99 ? format_duration(*s.p99) : "–", errors_));
  }

  void search() {
    const auto target = *options_.find_rate;
    engine_.work().nets = true;
    found_ = find_rate(target, [&](double rate, int attempt) {
      engine_.work().rate = rate;
      engine_.work().duration = duration_of_step(rate, target, options_.work.duration);
      const auto& level = run_level(options_.levels.front());
      if (!options_.quiet) {
        const auto again = attempt > 1 ? fmt::format(", try {}", attempt) : "";
        write_to_stderr(
            fitting(fmt::format("{}/s for {}{}: net p{} {}, {}", format_count(rate),
                format_duration(engine_.work().duration), again, target.percent,
                percentile_text(level.net_response.values, target.percent), to_string(outcome_of(level, target)))) +
            '\n');
      }
      return level;
    });
  }

  bool has_document_on_stdout() const noexcept {
    return options_.json == "-" || options_.csv == "-" || options_.events == "-";
  }

  bool write_results() {
    std::string document;
    const bool good = options_.find_rate ? is_good(found_, levels_) : all_ok(options_.rule, levels_);
    if (!options_.json.empty()) {
      auto json = as_json(options_, machine_, engine_.resolutions(), levels_);
      if (options_.find_rate) {
        json["found_rate"] = as_json(found_);
        json["ok"] = good;
      }
      document = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    }
    writing all("revecho-stress");
    all.attempt([&] {
      if (row_failure_) std::rethrow_exception(row_failure_);
      if (options_.json == "-") write_to_stdout(document);
      if (has_document_on_stdout()) return;
      write_to_stdout(rows_.end());
      if (options_.find_rate) write_to_stdout(about_highest_rate());
    });
    if (!options_.json.empty() && options_.json != "-") all.attempt([&] { write_file(options_.json, document); });
    if (!options_.hgrm.empty() && !levels_.empty())
      all.attempt([&] { write_file(options_.hgrm, as_hgrm(judged_by(levels_.back()).values)); });
    if (!options_.junit.empty()) all.attempt([&] { write_file(options_.junit, as_junit(options_.rule, levels_)); });
    all.attempt([&] { csv_.close(); });
    all.attempt([&] { events_.close(); });
    return all.good() && good;
  }

  std::string about_highest_rate() const {
    return fmt::format("\nThe highest rate with p{} at most {}: {}\n", options_.find_rate->percent,
        format_duration(options_.find_rate->limit), describe(found_));
  }

  stress_options options_;
  host machine_ = options_.json.empty() ? host() : host::here(); // before the load is one of its own
  load engine_;
  progress line_;
  level_table rows_;
  std::exception_ptr row_failure_; // the first
  line_file csv_;
  line_file events_;
  std::vector<level_result> levels_;
  std::vector<second_figures> by_second_; // of the level
  std::uint64_t errors_ = 0;              // likewise
  rate_search found_;
};

// A baseline of another load is a mistake of who asked.
void read_baseline(stress_options& options) {
  if (options.baseline.empty()) return;
  std::ifstream file(options.baseline);
  if (!file) throw std::system_error(errno, std::system_category(), fmt::format("cannot read {}", options.baseline));
  try {
    const auto document = nlohmann::ordered_json::parse(file, nullptr, false);
    options.rule.than = parse_baseline(options.baseline, options.tolerance, document, config_json(options));
  } catch (const std::invalid_argument& error) {
    reject_usage("revecho-stress", fmt::format("--baseline: {}", error.what()));
  } catch (const std::ios_base::failure& error) { // of a folder
    throw std::runtime_error(fmt::format("cannot read {}: {}", options.baseline, error.what()));
  }
}

int run(int argc, char** argv) {
  auto options = parse_stress_options(argc, argv);
  read_baseline(options);
  session all(std::move(options));
  const stop_signals signals([&] { all.engine().interrupt(); });
  return all.run();
}

} // namespace
} // namespace revecho::stress

int main(int argc, char** argv) {
  return revecho::run_program("revecho-stress", [&] {
    revecho::end_when_memory_is_exhausted();
    return revecho::stress::run(argc, argv);
  });
}
