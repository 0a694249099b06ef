#include "tools/compare/options.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/quantity.hpp"
#include "shared/process/format.hpp"
#include "tools/compare/cpus.hpp"
#include "tools/stress/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;

constexpr auto default_duration = std::chrono::nanoseconds{250ms};
constexpr auto default_clients = "1,10,100,1000";
constexpr auto default_delays = "0,10ms";

// The options, before they become scenarios.
struct plan {
  std::vector<std::size_t> clients = stress::parse_levels(default_clients);
  std::vector<std::string> delays = split_list(default_delays);
  std::vector<std::string> sizes{"64"};
  std::vector<framing> framings{framing::raw};
  std::string story;
  bool has_staller = false;
  bool starts_servers = true; // else what they wait for in each request is not known
  stress::workload work;
  std::vector<std::optional<std::size_t>> server_cpus{std::nullopt};
};

std::string counted(std::size_t n, std::string_view thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

// Names options that differ from the default; for running servers, size and framing always.
std::string describe(const scenario& s, const plan& all) {
  const std::string messages = "messages of " + s.work.size.text();
  std::string text = !all.starts_servers ? messages
                     : s.delay == "0"    ? "no wait in each request"
                                         : fmt::format("a wait of {} in each request", s.delay);
  if (all.starts_servers && (all.sizes.size() > 1 || all.sizes.front() != "64")) text += ", " + messages;
  if (!all.starts_servers || all.framings.size() > 1 || all.framings.front() != framing::raw)
    text += fmt::format(", framing {}", to_string(s.work.framing_kind));
  if (!s.work.think.is_zero()) text += fmt::format(", {} between requests", s.work.think.text());
  if (s.work.pipeline > 1) text += fmt::format(", {} messages in flight per connection", s.work.pipeline);
  if (s.work.session) text += fmt::format(", {} messages per connection", s.work.session->text());
  if (s.work.half_close) text += ", half-closed";
  if (all.has_staller) text += ", beside one more client that has stalled in mid-message";
  if (s.server_cpus) text += fmt::format(", server on {}", counted(*s.server_cpus, "processor"));
  if (s.work.rate > 0) text += fmt::format(", {} messages/s offered", format_count(s.work.rate));
  return text;
}

template <class A, class B>
std::vector<std::pair<A, B>> pairs_of(const std::vector<A>& some, const std::vector<B>& others) {
  std::vector<std::pair<A, B>> all;
  for (const auto& a : some)
    for (const auto& b : others)
      all.emplace_back(a, b);
  return all;
}

std::vector<scenario> scenarios_of(const plan& p) {
  std::vector<scenario> all;
  for (const auto kind : p.framings) {
    for (const auto& size : p.sizes) {
      for (const auto& delay : p.delays) {
        for (const auto& [cpus, clients] : pairs_of(p.server_cpus, p.clients)) {
          scenario s;
          s.server_cpus = cpus;
          s.clients = clients;
          s.delay = delay;
          s.has_staller = p.has_staller;
          s.work = p.work;
          s.work.framing_kind = kind;
          s.work.size = stress::parse_sizes(size);
          s.work.max_size = std::max(s.work.max_size, static_cast<std::size_t>(s.work.size.largest()));
          if (kind == framing::raw) s.work.max_size = limits::read_buffer;
          s.group = describe(s, p);
          s.name = fmt::format("{}, {}", counted(clients, "client"), s.group);
          all.push_back(std::move(s));
        }
      }
    }
  }
  return all;
}

// The loads of the classic stories; what was said on the command line besides is kept.
void tell(const std::string& story, plan& p, const CLI::App& app, compare_options& options) {
  const auto unless_said = [&](const char* option, auto& target, auto value) {
    if (app.count(option) == 0) target = std::move(value);
  };
  if (story == "crowd") {
    unless_said("--clients", p.clients, std::vector<std::size_t>{10, 100, 1000});
    unless_said("--delay", p.delays, std::vector<std::string>{"uniform:0s..500ms"});
    unless_said("--duration", p.work.duration, std::chrono::nanoseconds{2s});
    p.work.think = distribution::parse("uniform:0s..300ms");
  } else if (story == "slow-neighbor") {
    p.has_staller = true;
    unless_said("--clients", p.clients, std::vector<std::size_t>{10});
    unless_said("--delay", p.delays, std::vector<std::string>{"10ms"});
    unless_said("--framing", p.framings, std::vector<framing>{framing::line});
  } else {
    options.timed_stories.push_back(story);
    unless_said("--repeat", options.repeat, story == "limit" ? 3U : 5U);
  }
}

std::vector<contestant> default_contestants(const std::vector<std::optional<std::size_t>>& server_cpus) {
  std::set<std::size_t> loops; // as many as the server has processors, but several
  for (const auto& cpus : server_cpus)
    if (const auto number = cpus.value_or(split_cpus().server.size()); number > 1) loops.insert(number);
  if (loops.empty()) loops.insert(2);
  auto models = fmt::format("sync iterative,sync pool({}),sync pool(100),sync threads", limits::default_pool_threads);
  for (const std::string engine : {"async", "epoll"}) {
    models += "," + engine;
    for (const auto number : loops)
      models += fmt::format(",{}({})", engine, number);
  }
  return parse_models(models);
}

std::vector<contestant> twice(const contestant& who) {
  std::vector<contestant> both{who, who};
  both[0].name += " A";
  both[1].name += " B";
  return both;
}

// As it can be pasted into a shell.
std::string quoted(std::string_view argument) {
  const bool plain = argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                                "-_=.,:/@%+") == argument.npos;
  if (plain && !argument.empty()) return std::string(argument);
  std::string text = "'";
  for (const char c : argument)
    text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

constexpr auto as_it_is = [](const auto& value) { return value; };

// A load that is there twice would be measured twice, and have two rows of the same name.
template <class Value, class Name>
std::vector<Value> without_repeats(std::vector<Value> list, Name name) {
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (name(list[i]) == name(list[j]))
        throw std::invalid_argument(fmt::format("'{}' is there twice", name(list[i])));
  return list;
}

std::vector<std::size_t> parse_clients(const std::string& text) {
  return without_repeats(stress::parse_levels(text), as_it_is);
}

std::vector<std::string> parse_delays(const std::string& text) {
  std::vector<std::string> delays;
  for (const auto& part : split_list(text))
    delays.push_back(distribution::parse(part).text());
  return without_repeats(std::move(delays), as_it_is);
}

std::vector<std::string> parse_size_list(const std::string& text) {
  auto sizes = split_list(text);
  for (const auto& part : sizes)
    static_cast<void>(stress::parse_sizes(part));
  return without_repeats(std::move(sizes), as_it_is);
}

std::vector<framing> parse_framings(const std::string& text) {
  std::vector<framing> kinds;
  for (const auto& part : split_list(text))
    kinds.push_back(parse_framing(part));
  return without_repeats(std::move(kinds), [](framing f) { return to_string(f); });
}

double parse_percent(const std::string& text) {
  double percent = -1;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  if (error != std::errc() || std::string_view(stopped, end) != "%" || !(percent >= 0 && percent <= 100))
    throw std::invalid_argument(fmt::format("'{}' is not a share: 0% to 100%", text));
  return percent / 100;
}

// "N" is as many as there are, which may be a number that is asked for anyway.
std::vector<std::optional<std::size_t>> parse_server_cpus(const std::string& text) {
  const auto usable = usable_processors().size();
  std::vector<std::optional<std::size_t>> all;
  for (const auto& part : split_list(text)) {
    const auto number = part == "N" ? usable : parse_count(part, 1, 1'000'000);
    if (number > usable)
      throw std::invalid_argument(
          fmt::format("{} processors are more than the {} that may be used here", number, usable));
    if (part != "N" || std::find(all.begin(), all.end(), number) == all.end()) all.emplace_back(number);
  }
  return without_repeats(std::move(all), [](const auto& number) { return *number; });
}

std::vector<transport> parse_transports(const std::string& text) {
  std::vector<transport> all;
  for (const auto& part : split_list(text)) {
    if (part != "tcp" && part != "unix") throw std::invalid_argument(fmt::format("'{}' is not tcp or unix", part));
    all.push_back(part == "tcp" ? transport::tcp : transport::unix_socket);
  }
  return without_repeats(std::move(all), [](transport t) { return t == transport::tcp ? "tcp" : "unix"; });
}

std::string parse_story(const std::string& text) {
  if (text == "slow-neighbour") return "slow-neighbor"; // in British spelling, too
  for (const std::string known : {"five-requests", "slow-neighbor", "crowd", "limit"})
    if (text == known) return text;
  throw std::invalid_argument(fmt::format("'{}' is not a story: five-requests, slow-neighbor, crowd or limit", text));
}

void add_load_options(CLI::App& app, plan& p) {
  app.option_defaults()->group("Load");
  add_parsed(
      app, "--story", p.story, parse_story, "NAME", "A classic instead: five-requests, slow-neighbor, crowd or limit");
  add_parsed(app, "--clients", p.clients, parse_clients, "N[,N...]", "Clients at once", default_clients);
  add_parsed(
      app, "--delay", p.delays, parse_delays, "DIST[,DIST...]", "Server-side delay of each request", default_delays);
  add_parsed(app, "--size", p.sizes, parse_size_list, "SIZE[,SIZE...]", "Bytes of a message", "64");
  add_parsed(app, "--framing", p.framings, parse_framings, "F[,F...]", "raw, line, length or eof", "raw");
  add_parsed(app, "--server-cpus", p.server_cpus, parse_server_cpus, "N[,N...]",
      "Processors of the server, a scenario for each number; N is all", "half of them");
  add_parsed(app, "--rate", p.work.rate, stress::parse_rate, "R",
      "Open loop: offer R messages a second in total, and compare the cost");
  add_parsed(
      app, "--pipeline", p.work.pipeline, stress::parse_pipeline, "DEPTH", "Messages in flight per connection", "1");
  add_parsed(app, "--session", p.work.session, stress::parse_session, "N|DIST",
      "Messages per connection before a new one: 20, uniform:1..9 or exp:20");
  app.add_flag("--half-close", p.work.half_close, "Half-close after a connection's last message, and check its end");
  add_parsed(app, "--duration", p.work.duration, stress::parse_some_duration, "DURATION",
      "Measuring window of a run; replies still owed get up to 1s more", "250ms");
}

} // namespace

compare_options parse_compare_options(int argc, const char* const* argv) {
  compare_options options;
  plan p;
  p.work.duration = default_duration;
  p.work.rest = 1s;
  std::vector<contestant> models;
  std::vector<contestant> running;
  std::vector<transport> transports{transport::tcp};
  CLI::App app{
      "The I/O models side by side: the same loads on each server in turn, several times over.", "revecho-compare"};
  app.footer("Examples:\n"
             "  revecho-compare --report report.html           the whole argument, in two minutes\n"
             "  revecho-compare --clients 100 --delay 0,10ms --models 'sync threads,async'\n"
             "  revecho-compare --clients 50 --rate 5000       what the same work costs each of them\n"
             "  revecho-compare --story slow-neighbor\n"
             "  revecho-compare --against old=10.0.0.1:7000 --against new=10.0.0.2:7000 --clients 100\n"
             "  revecho-compare --join monday.json tuesday.json --merge\n"
             "Exit code: 0 if every reply of every server was right, 1 if not, 2 for a bad option.");
  add_load_options(app, p);
  app.option_defaults()->group("Contestants");
  auto* const models_option = add_parsed(app, "--models", models, parse_models, "M[,M...]",
      "Who takes part: sync iterative, sync threads, sync pool(N), async(N), epoll(N) [all]");
  auto* const transport_option = add_parsed(app, "--transport", transports, parse_transports, "tcp|unix[,...]",
      "Listening of our servers, a contestant for each: loopback, or a UNIX socket", "tcp");
  const auto parse_all_running = [](const std::vector<std::string>& texts) {
    std::vector<contestant> all(texts.size());
    std::transform(texts.begin(), texts.end(), all.begin(), parse_running);
    return all;
  };
  auto* const against_option = add_parsed_list(app, "--against", running, parse_all_running, "NAME=ENDPOINT[,pid=N]",
      "A server that is running already, and the local process whose costs are its own; repeatable, and instead of "
      "--models unless both are given",
      "");
  app.option_defaults()->group("Runs and judgement");
  const auto repeats = [](const std::string& text) { return static_cast<unsigned>(parse_count(text, 1, 1000)); };
  auto* const repeat_option = add_parsed(
      app, "--repeat", options.repeat, repeats, "N", "Runs of each contestant under each load, at least", "5");
  auto* const precision_option = add_parsed(app, "--precision", options.precision, parse_percent, "PERCENT",
      "Add runs until intervals are within this share of the median; off with --repeat alone", "3%");
  auto* const budget_option = add_parsed(app, "--budget", options.budget, stress::parse_some_duration, "DURATION",
      "Stop adding runs after this time in total", "2m");
  auto* const self_test_option = app.add_flag(
      "--self-test", options.self_test, "Compare one model with itself, and count false differences [async]");
  add_parsed(
      app, "--margin", options.margin, parse_percent, "PERCENT", "Smaller differences do not matter in practice", "2%");
  app.option_defaults()->group("Output");
  app.add_option("--json", options.json, "Write everything as JSON (- is stdout, instead of the tables)")
      ->type_name("FILE");
  app.add_option("--report", options.report, "Write a page with charts, for any browser (- is stdout, likewise)")
      ->type_name("FILE");
  app.add_option("--join", options.join, "Show what these --json files found, as one; runs nothing")
      ->type_name("FILE...")
      ->expected(1, 1000);
  app.add_flag("--merge", options.merge, "Let equal names in --join be one contestant, with the runs of all files")
      ->needs("--join");
  app.add_flag("--quiet", options.quiet, "No live line");
  parse_command_line(app, argc, argv);

  if (!p.story.empty()) tell(p.story, p, app, options);
  if (!options.timed_stories.empty())
    for (const std::string own : {"--models", "--transport", "--clients", "--delay", "--size", "--framing", "--rate",
             "--pipeline", "--session", "--half-close", "--duration", "--server-cpus"})
      if (app.count(own) > 0)
        reject_usage(app.get_name(), fmt::format("--story {} has servers and a load of its own: no {}", p.story, own));
  if (options.self_test) {
    if (models.size() > 1 || !running.empty() || !options.timed_stories.empty())
      reject_usage(
          app.get_name(), "--self-test takes one of --models; omit --against and stories that start their own servers");
    models = twice(models.empty() ? parse_models("async").front() : models.front());
  }
  const bool has_own = !options.timed_stories.empty() || against_option->count() > 0;
  options.contestants = models_option->count() + self_test_option->count() > 0 ? models
                        : has_own                                              ? std::vector<contestant>{}
                                                                               : default_contestants(p.server_cpus);
  if (transport_option->count() > 0 && options.contestants.empty())
    reject_usage(app.get_name(), "--transport is about our own servers: name some with --models");
  if (options.self_test && transports.size() > 1)
    reject_usage(app.get_name(), "--self-test takes one --transport: it measures one model under two names");
  options.contestants = on_transports(options.contestants, transports);
  options.contestants.insert(options.contestants.end(), running.begin(), running.end());
  for (std::size_t i = 0; i < options.contestants.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (options.contestants[i].name == options.contestants[j].name)
        reject_usage(app.get_name(), fmt::format("two contestants are called {}", options.contestants[i].name));
  p.starts_servers = options.contestants.size() > running.size();
  if (!running.empty()) p.delays = {p.starts_servers ? "0" : ""};
  if (options.timed_stories.empty()) options.scenarios = scenarios_of(p);
  if (!running.empty() && (!options.timed_stories.empty() || app.count("--delay") > 0 || p.story == "crowd"))
    reject_usage(app.get_name(), "--against: what a running server waits for in each request is its own affair; no "
                                 "--delay and no story but slow-neighbor");
  if (!running.empty() && app.count("--server-cpus") > 0)
    reject_usage(app.get_name(), "--against: a running server cannot be pinned; omit --server-cpus");
  for (auto& s : options.scenarios) {
    if (const auto reason = stress::reason_impossible(s.work); !reason.empty()) reject_usage(app.get_name(), reason);
  }
  if (options.json == "-" && options.report == "-")
    reject_usage(app.get_name(), "--json - and --report - would both write to stdout");
  options.duration = p.work.duration;
  options.goes_on = options.timed_stories.empty() &&
                    (repeat_option->count() == 0 || precision_option->count() + budget_option->count() > 0);
  for (int i = 0; i < argc; ++i)
    options.command += (i == 0 ? "" : " ") + (i == 0 ? app.get_name() : quoted(argv[i]));
  return options;
}

} // namespace revecho::compare
