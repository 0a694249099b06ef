#include "tools/compare/runner.hpp"

#include "shared/net/address.hpp"
#include "shared/net/connecting.hpp"
#include "shared/net/error.hpp"
#include "shared/process/format.hpp"
#include "shared/process/output.hpp"
#include "tools/compare/cpus.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/compare/figures.hpp"
#include "tools/compare/server_process.hpp"
#include "tools/compare/stories.hpp"
#include "tools/compare/verdict.hpp"
#include "tools/stress/output.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr unsigned most_useless_repetitions = 3;

// A connection that begins a message and never ends it.
unique_descriptor stall(stress::load& engine, const std::atomic<bool>& interrupted) {
  const auto kind = engine.work().framing_kind;
  std::error_code error;
  auto socket = connect_to_first(engine.resolve(), deadline_after(10s), error, &interrupted).socket;
  const std::string half = kind == framing::length ? std::string("\0\0\0\2h", 5) : "half a mess";
  // With raw there is no such thing as half a message.
  if (socket && kind != framing::raw && ::send(socket.get(), half.data(), half.size(), MSG_NOSIGNAL) <= 0)
    error = last_error();
  if (error) throw std::system_error(error, fmt::format("cannot connect to {}", to_string(engine.work().to.front())));
  return socket;
}

std::string what_went_wrong(const stress::level_result& level) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(level.wrong_total(), "wrong replies");
  add(level.lost, "lost");
  add(level.late, "late");
  add(level.connect_failed, "connections that failed");
  for (const auto& line : stress::fault_lines(level))
    text += "\n" + line;
  return text;
}

} // namespace

// While it lives, interrupt() ends what this engine does.
class runner::interruptible {
 public:
  interruptible(runner& owner, stress::load& engine) : owner_(owner) {
    const std::lock_guard lock(owner_.mutex_);
    owner_.running_ = &engine;
    if (owner_.interrupted_) engine.interrupt();
  }
  ~interruptible() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.running_ = nullptr;
  }
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;

 private:
  runner& owner_;
};

runner::runner(const compare_options& options) : options_(options), live_(!options.quiet) {
  auto cpus = split_cpus();
  server_cpus_ = std::move(cpus.server);
  tool_cpus_ = std::move(cpus.tool);
  for (const auto& s : options_.scenarios) // before this process confines itself
    if (s.server_cpus) splits_.try_emplace(*s.server_cpus, split_cpus(s.server_cpus));
}

document runner::run() {
  auto all = document::here(); // before this process confines itself
  run_on(tool_cpus_);
  for (const auto& [number, cpus] : splits_)
    if (cpus.shares_core && !cpus.shared)
      all.warnings.push_back(fmt::format("With the server on {} processor{}, it shares a core with the load tool, and "
                                         "they slow each other down.",
          number, number == 1 ? "" : "s"));
  all.command = options_.command;
  all.repeat = options_.repeat;
  all.margin = options_.margin;
  if (options_.goes_on) all.precision = options_.precision;
  all.self_test = options_.self_test;
  all.duration_s = std::chrono::duration<double>(options_.duration).count();
  all.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  all.tool_cpus = tool_cpus_;
  for (const auto& who : options_.contestants) {
    std::string command = who.program;
    for (const auto& argument : who.arguments)
      command += " " + argument;
    if (who.on_unix) command += " --listen unix:PATH";
    all.contestants.push_back(
        {who.name, command, who.running ? to_string(*who.running) : "", who.process ? who.process->number : 0});
  }
  if (all.starts_servers() || !options_.timed_stories.empty()) all.server_cpus = server_cpus_;
  runs_ = options_.scenarios.size() * options_.contestants.size() * options_.repeat;
  for (const auto& name : options_.timed_stories)
    runs_ += runs_of_story(name) * options_.repeat;
  for (const auto& s : options_.scenarios) {
    auto& into = all.scenarios.emplace_back(scenario_results{s.name, s.group, s.clients, s.delay, s.work.size.text(),
        std::string(to_string(s.work.framing_kind)), s.work.rate, {}, {}, {}, {}});
    into.pipeline = s.work.pipeline;
    if (s.work.session) into.session = s.work.session->text();
    into.half_close = s.work.half_close;
    if (s.server_cpus) {
      into.server_cpus = splits_.at(*s.server_cpus).server;
      into.tool_cpus = splits_.at(*s.server_cpus).tool;
    }
    for (const auto& who : options_.contestants)
      into.results.push_back({who.name, {}, {}});
    for (std::size_t round = 0; round < options_.repeat && !interrupted_; ++round)
      run_round(s, into, round);
    if (interrupted_) break;
  }
  go_on(all.scenarios);
  for (const auto& name : options_.timed_stories)
    all.stories.push_back(run_story(name));
  live_.clear();
  all.repeated_runs = repeated_;
  all.took_s = std::chrono::duration<double>(steady::now() - started_).count();
  if (interrupted_) write_to_stderr("interrupted: showing partial results\n");
  all.interrupted = interrupted_;
  all.ok = !failed_ && !interrupted_;
  return all;
}

timed_story runner::run_story(const std::string& name) {
  const auto begins = [&](const std::string& what) {
    ++done_;
    show(what, 0);
  };
  try {
    return tell_story(name, options_.repeat, server_cpus_, tool_cpus_, begins, interrupted_);
  } catch (const std::exception& error) {
    live_.clear();
    write_to_stderr(fmt::format("{}: {}\n", name, error.what()));
    failed_ = true;
    return {name, name, error.what(), {}};
  }
}

// A B C, C B A, A B C …: what drifts with time (temperature, other programs) meets all of them alike.
void runner::run_round(const scenario& s, scenario_results& into, std::size_t round) {
  const auto& contestants = options_.contestants;
  for (std::size_t i = 0; i < contestants.size(); ++i) {
    const std::size_t turn = round % 2 == 0 ? i : contestants.size() - 1 - i;
    ++done_;
    if (!into.results[turn].failure.empty()) continue;
    show(fmt::format("{}, {}", contestants[turn].name, s.name), 0);
    try {
      const auto figures = run_once(contestants[turn], s);
      if (interrupted_) return;
      into.results[turn].runs.push_back(figures);
      if (held_up_) repeat(contestants[turn], s, into.results[turn].runs.back());
      if (interrupted_) return;
    } catch (const std::exception& error) {
      if (interrupted_) return;
      live_.clear();
      write_to_stderr(fmt::format("{} under {}: {}\n", contestants[turn].name, s.name, error.what()));
      into.results[turn].failure = error.what();
      failed_ = true;
    }
  }
}

// More rounds for the loads with wide intervals, in turn, while the budget lasts. The choice depends on widths only,
// and never on who leads: stopping when somebody leads would make differences out of chance.
void runner::go_on(std::vector<scenario_results>& scenarios) {
  std::vector<std::size_t> rounds(scenarios.size(), options_.repeat);
  while (options_.goes_on && !interrupted_) {
    const auto elapsed = steady::now() - started_;
    const auto round =
        elapsed / static_cast<std::int64_t>(done_) * static_cast<std::int64_t>(options_.contestants.size());
    if (elapsed + round > options_.budget) return;
    std::optional<std::size_t> next;
    for (std::size_t i = 0; i < scenarios.size(); ++i)
      if (imprecision(scenarios[i]) > options_.precision && (!next || rounds[i] < rounds[*next])) next = i;
    if (!next) return;
    runs_ += options_.contestants.size();
    run_round(options_.scenarios[*next], scenarios[*next], rounds[*next]++);
  }
}

// A run in which the load tool was held up says nothing of the server: it is made once more. Where that never helps, it
// is the machine, and the figures are marked only.
void runner::repeat(const contestant& who, const scenario& s, run_figures& figures) {
  if (useless_repetitions_ >= most_useless_repetitions) return;
  show(fmt::format("{}, {}, once more: something else had the processors", who.name, s.name), 0);
  const auto again = run_once(who, s);
  if (interrupted_) return;
  figures = again;
  ++repeated_;
  if (held_up_) ++useless_repetitions_;
}

run_figures runner::run_once(const contestant& who, const scenario& s) {
  const auto cpus = s.server_cpus ? splits_.at(*s.server_cpus) : cpu_split{server_cpus_, tool_cpus_};
  run_on(cpus.tool);
  std::optional<server_process> server;
  std::optional<process_watch> watch; // of one that is running already
  stress::load engine(s.work);
  engine.work().warmup = options_.duration / 10;
  engine.work().threads = static_cast<unsigned>(std::max<std::size_t>(cpus.tool.size(), 1));
  if (who.running) {
    engine.work().to = {*who.running};
  } else {
    auto arguments = who.arguments;
    arguments.insert(arguments.end(), {"--framing", std::string(to_string(s.work.framing_kind)), "--delay", s.delay,
                                          "--max-message", std::to_string(s.work.max_size), "--log-format", "json",
                                          // Nobody waits any more for what is still owed when the load is over.
                                          "--drain-timeout", "300ms"});
    if (s.has_staller) arguments.insert(arguments.end(), {"--message-timeout", "0"}); // it stays for all of the run
    server.emplace(who.program, std::move(arguments), cpus.server, interrupted_, who.on_unix);
    if (who.loops > 1) server->time_threads();
    engine.work().to = {server->address()};
  }
  unique_descriptor stalled;
  stress::load::observer each_second;
  if (live_.is_shown()) {
    each_second = [&](const stress::second& part) {
      const auto whole = options_.duration + options_.duration / 10;
      show(fmt::format("{}, {}", who.name, s.name),
          std::chrono::duration<double>(part.time) / std::chrono::duration<double>(whole));
    };
  }
  const interruptible now(*this, engine);
  if (s.has_staller) stalled = stall(engine, interrupted_);
  if (who.process) watch.emplace(*who.process);
  const auto level = engine.run(s.clients, each_second);
  stalled.close();
  held_up_ = level.is_held_up();
  auto figures = figures_of(level);
  if (level.verified == 0 && !level.interrupted && !s.has_staller) { // who may hold up all others
    live_.clear();
    write_to_stderr(
        fmt::format("{} under {}: nobody was answered in {}\n", who.name, s.name, format_duration(level.window)));
    failed_ = true;
  }
  if (const auto wrong = what_went_wrong(level); !wrong.empty()) {
    if (who.process && has_ended(*who.process, 3s)) // connections end before processes do
      throw std::runtime_error(fmt::format("{} has ended; {}", to_string(*who.process), wrong));
    if (!server) throw std::runtime_error(wrong);
    const auto end = server->how_it_ended(3s); // likewise
    throw std::runtime_error(fmt::format("{}{}{}\n{}", end, end.empty() ? "" : "; ", wrong, server->log()));
  }
  if (watch) take_usage(figures, watch->stop(), level);
  if (server) {
    auto usage = server->stop();
    if (cpus.shared) usage.processors.reset(); // they worked for the tool, too
    take_usage(figures, usage, level);
    if (who.loops > 1) take_skew(figures, usage, who.loops);
    // Fewer runs allow no verdict, so a mark is enough for them.
    held_up_ = held_up_ || (figures[metric::disturbed] > 0 && options_.repeat >= fewest_values_to_differ);
  }
  return figures;
}

void runner::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (running_ != nullptr) running_->interrupt();
}

void runner::show(const std::string& what, double done_of_run) {
  if (!live_.is_shown()) return;
  if (const auto all = options_.repeat * options_.contestants.size() * options_.scenarios.size();
      done_ > all && all > 0) {
    const auto took = std::chrono::duration<double>(steady::now() - started_);
    return live_.show(took / std::chrono::duration<double>(options_.budget),
        fmt::format("run {}, for narrower intervals; {}", done_, what));
  }
  const double done = static_cast<double>(done_) - 1 + std::min(done_of_run, 1.0);
  std::string left;
  if (done >= 1) {
    const auto took = std::chrono::duration<double>(steady::now() - started_);
    const auto rest = took / done * (static_cast<double>(runs_) - done);
    left = fmt::format("about {} left; ", format_duration(std::chrono::ceil<std::chrono::seconds>(rest)));
  }
  live_.show(done / static_cast<double>(runs_), fmt::format("run {} of {}; {}{}", done_, runs_, left, what));
}

} // namespace revecho::compare
