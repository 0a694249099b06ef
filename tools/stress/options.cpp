#include "tools/stress/options.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>

namespace revecho::stress {
namespace {

// Linux has 28,232 by default, and gives away every second one first. When these are gone, each connect() looks at all
// of them before it finds another: a millisecond in place of 40 us.
constexpr std::size_t ports_used_of_an_address = 12'000;

constexpr std::size_t most_sources = 65'536;

// Five whole seconds lie in it, whenever it begins.
constexpr std::chrono::seconds shortest_compared{6};

latency_target parse_target_latency(const std::string& text) {
  const auto fail = [&] {
    throw std::invalid_argument(fmt::format("'{}' is not a target: write it like p99=5ms", text));
  };
  const auto equals = text.find('=');
  if (!text.starts_with('p') || equals == text.npos) fail();
  latency_target target;
  const char* const end = text.data() + equals;
  const auto [stopped, error] = std::from_chars(text.data() + 1, end, target.percent, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || target.percent <= 0 || target.percent >= 100) fail();
  target.limit = parse_some_duration(text.substr(equals + 1));
  return target;
}

double parse_tolerance(const std::string& text) {
  double percent = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  if (error != std::errc{} || std::string_view(stopped, end) != "%" || !(percent >= 0) || percent > 1000)
    throw std::invalid_argument(fmt::format("'{}' is not a tolerance: write it like 10%", text));
  return percent / 100;
}

socket_address parse_address(std::string_view text) {
  const auto address = socket_address::parse(std::string(text), 0);
  if (!address) throw std::invalid_argument(fmt::format("'{}' is not an IP address", text));
  return *address;
}

// A range that goes down, or from one family to the other, has no end.
std::vector<socket_address> parse_sources(const std::string& text) {
  if (const auto one = socket_address::parse(text, 0)) return {*one}; // the name of an interface may have a dash
  const auto dash = text.find('-');
  std::vector<socket_address> all{parse_address(std::string_view(text).substr(0, dash))};
  if (dash == text.npos) return all;
  const auto last = parse_address(std::string_view(text).substr(dash + 1));
  while (!(all.back() == last)) {
    if (all.size() == most_sources)
      throw std::invalid_argument(
          fmt::format("'{}' is not a range of at most {} addresses of one family", text, most_sources));
    all.push_back(all.back().next_host());
  }
  return all;
}

port_range parse_ports(const std::string& text) try {
  const auto dash = text.find('-');
  const auto first = parse_count(text.substr(0, dash), 1, 65'535);
  const auto last = dash == text.npos ? first : parse_count(text.substr(dash + 1), first, 65'535);
  return {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
} catch (const std::invalid_argument&) {
  throw std::invalid_argument(fmt::format("'{}' is not a range of ports from 1 to 65535, like 20000-29999", text));
}

void add_targets(CLI::App& app, workload& work) {
  app.option_defaults()->group("Load");
  const auto endpoints = [](const std::vector<std::string>& texts) {
    std::vector<endpoint> all;
    for (const auto& text : texts) {
      all.push_back(parse_target(text));
      if (std::find(all.begin(), all.end() - 1, all.back()) != all.end() - 1)
        throw std::invalid_argument(fmt::format("'{}' was given already", text));
    }
    return all;
  };
  add_parsed_list(app, "endpoint", work.to, endpoints, "ENDPOINT",
      "The server: HOST:PORT, [V6]:PORT, :PORT, PORT or unix:PATH; of several, each client has one, in turn",
      "127.0.0.1:6789")
      ->allow_extra_args();
  app.add_flag("--all-addresses", work.all_addresses, "Take each address of a name for a target by itself");
}

void add_message_options(CLI::App& app, workload& target) {
  add_framing_option(app, target.framing_kind);
  add_parsed(app, "--size", target.size, parse_sizes, "SIZE|DIST",
      "Bytes of a message: 64, 1KiB, uniform:1..4KiB or exp:256 (cut at 1MiB)", "64");
  add_parsed(
      app, "--duration", target.duration, parse_some_duration, "DURATION", "How long each level is counted", "3s");
  add_parsed(app, "--timeout", target.timeout, parse_some_duration, "DURATION",
      "For connecting, and for each reply; a later one counts as late", "10s");
}

void add_time_options(CLI::App& app, workload& work) {
  const auto messages = [](const std::string& text) {
    return parse_count(text, 1, std::numeric_limits<std::uint32_t>::max());
  };
  add_parsed(app, "--messages", work.messages, messages, "N", "Messages of each client, instead of --duration")
      ->excludes("--duration");
  add_parsed(
      app, "--ramp", work.ramp, parse_duration, "DURATION", "Spread connection setup over this time, uncounted", "0");
  for (auto [name, target, text] : {std::tuple{"--warmup", &work.warmup, "Send this long before the window, uncounted"},
           std::tuple{"--cooldown", &work.cooldown, "Keep sending this long after the window, uncounted"}})
    add_parsed(app, name, *target, parse_duration, "DURATION", text, "0")->excludes("--messages");
}

void add_pace_options(CLI::App& app, stress_options& options) {
  auto& work = options.work;
  add_parsed(app, "--rate", work.rate, parse_rate, "R",
      "Open loop: send R messages a second in total, however slow the replies");
  add_choice(app, "--arrivals", work.arrival,
      choices<arrivals>{{"even", arrivals::even}, {"poisson", arrivals::poisson}}, "How the times of --rate are spread",
      "even")
      ->needs("--rate");
  add_parsed(
      app, "--think", work.think, [](const std::string& text) { return distribution::parse(text); }, "DIST",
      "Pause between a reply and the next message: 10ms, uniform:0s..5s or exp:50ms", "0")
      ->excludes("--rate");
  add_parsed(app, "--find-rate", options.find_rate, parse_target_latency, "pN=DURATION",
      "Find the highest rate that keeps this response-time percentile")
      ->excludes("--rate")
      ->excludes("--think")
      ->excludes("--messages");
  add_parsed(app, "--pipeline", work.pipeline, parse_pipeline, "DEPTH", "Messages in flight per connection", "1");
}

void add_connection_options(CLI::App& app, stress_options& options) {
  app.option_defaults()->group("Connections");
  auto& work = options.work;
  add_parsed(app, "--session", work.session, parse_session, "N|DIST",
      "Messages per connection before a new one: 20, uniform:1..9 or exp:20");
  add_choice(app, "--close", work.close, choices<closing>{{"fin", closing::fin}, {"reset", closing::reset}},
      "How connections end", "fin");
  add_choice(app, "--send-proxy", work.send_proxy,
      choices<std::optional<proxy_version>>{{"v1", proxy_version::v1}, {"v2", proxy_version::v2}},
      "Begin each connection with a PROXY header, as a proxy in front of the server would", "");
  app.add_flag("--half-close", work.half_close, "Half-close after the last message, and check the stream to its end");
  app.add_flag("--reconnect", work.reconnect,
      "Reconnect after a lost connection and report the outage; with --messages, give up after --timeout");
  add_parsed(
      app, "--reconnect-pause", work.reconnect_pause, [](const std::string& text) { return distribution::parse(text); },
      "DIST",
      "Pause between failed reconnects, which limits how precisely outages are timed; the first attempt is made at "
      "once",
      "uniform:20ms..50ms");
  add_parsed(app, "--outage", work.shortest_outage, parse_some_duration, "DURATION",
      "Report an outage if a connected client gets no reply for this long and for four usual reply times", "1s");
  const auto threads = [](const std::string& text) {
    return static_cast<unsigned>(parse_count(text, 1, limits::max_threads));
  };
  add_parsed(app, "--threads", work.threads, threads, "T", "Threads that share the clients", "1");
  const auto sources = [&options](const std::string& text) {
    options.sources_auto = text == "auto";
    return options.sources_auto ? std::vector<socket_address>{} : parse_sources(text);
  };
  add_parsed(app, "--source", work.sources, sources, "ADDR[-ADDR]|auto", "Addresses to connect from, in turn");
  add_parsed(app, "--source-ports", work.source_ports, parse_ports, "PORT-PORT",
      "Ports to connect from, in turn; one that is in use is skipped [the system's choice]");
  const auto seed = [](const std::string& text) {
    return parse_count(text, 0, std::numeric_limits<std::uint64_t>::max());
  };
  add_parsed(app, "--seed", work.seed, seed, "N", "Make all random draws repeatable [different every time]");
}

void add_output_options(CLI::App& app, stress_options& options) {
  app.option_defaults()->group("Judgement and output");
  app.add_option("--json", options.json, "Write the results as JSON (- is stdout, instead of the table)")
      ->type_name("FILE");
  app.add_option("--csv", options.csv, "Write a line a second (- is stdout, instead of the table)")->type_name("FILE");
  app.add_option("--hgrm", options.hgrm, "Write the last level's latencies as HdrHistogram's plotter reads them")
      ->type_name("FILE");
  add_parsed_list(app, "--fail-if", options.rule, parse_failure_rule, "CONDITION[,...]",
      "Fail, with exit code 1, if a level meets one: p99>5ms, rate<1000, outage>200ms, closed>0; none: only if these "
      "say "
      "so",
      "");
  app.add_option("--baseline", options.baseline,
         "Fail if rate, p50, p99 or faults are worse than in this JSON of a former run of the same load")
      ->type_name("FILE")
      ->excludes("--find-rate")
      ->excludes("--messages");
  add_parsed(app, "--tolerance", options.tolerance, parse_tolerance, "PERCENT",
      "How much worse than the baseline a figure may be, beyond noise", "10%")
      ->needs("--baseline");
  app.add_option("--junit", options.junit, "Write what failed as JUnit's XML")->type_name("FILE");
  app.add_option("--events", options.events,
         "Write a JSON line for each fault, outage and end of a connection, with its time and addresses")
      ->type_name("FILE");
  add_choice(app, "--timestamps", options.work.timestamps, choices<bool>{{"on", true}, {"off", false}},
      "Use kernel receive timestamps to report how long replies waited to be read", "on");
  app.add_flag("--quiet", options.quiet, "No live line and no remarks");
}

} // namespace

distribution parse_sizes(const std::string& text) {
  return distribution::parse(text, [](std::string_view size) { return static_cast<double>(parse_size(size)); });
}

distribution parse_session(const std::string& text) {
  return distribution::parse(
      text, [](std::string_view count) { return static_cast<double>(parse_count(count, 1, 1'000'000'000)); });
}

std::size_t parse_pipeline(const std::string& text) { return parse_count(text, 1, 65'536); }

double parse_rate(const std::string& text) {
  double rate = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, rate, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || !(rate > 0) || rate > 1e9)
    throw std::invalid_argument(fmt::format("'{}' is not a rate: a number of messages a second above 0", text));
  return rate;
}

std::chrono::nanoseconds parse_some_duration(const std::string& text) {
  const auto duration = parse_duration(text);
  if (duration == duration.zero()) throw std::invalid_argument(fmt::format("'{}': it must be more than 0", text));
  return duration;
}

std::vector<std::size_t> parse_levels(const std::string& text) {
  std::vector<std::size_t> levels;
  for (const auto& part : split_list(text))
    levels.push_back(parse_count(part, 1, 1'000'000));
  return levels;
}

std::string reason_impossible(const workload& work) {
  const bool raw = work.framing_kind == framing::raw;
  const bool eof = work.framing_kind == framing::eof;
  if (raw && work.size.largest() > static_cast<double>(limits::read_buffer))
    return fmt::format("--size {} is more than a server reads at once ({}): raw replies would come in pieces while the "
                       "message is still being sent; use --framing line or length",
        work.size.text(), limits::read_buffer);
  if (work.size.largest() > static_cast<double>(max_message_ceiling)) return "--size is at most 1GiB";
  if (raw && work.pipeline > 1) return "--pipeline needs a framing that keeps messages apart: line or length";
  if (eof && (work.pipeline > 1 || work.session))
    return "in eof a connection carries one message: no --pipeline or --session";
  if (!work.think.is_zero() && work.pipeline > 1)
    return "--think is a pause between a reply and the next message; with --pipeline there is no such moment";
  return {};
}

stress_options parse_stress_options(int argc, const char* const* argv) {
  stress_options options;
  CLI::App app{
      "Many clients against a server that reverses bytes; every byte of every reply is checked.", "revecho-stress"};
  app.footer(
      "Examples:\n"
      "  revecho-stress                                 10, then 100, then 1000 clients on 127.0.0.1:6789\n"
      "  revecho-stress proxy.example:7000 --clients 200 --size 16KiB --framing length --duration 30s\n"
      "  revecho-stress --clients 50 --rate 10000       latency at a fixed rate\n"
      "  revecho-stress --clients 50 --find-rate p99=5ms\n"
      "  revecho-stress --clients 1000 --think uniform:0s..3s --session exp:20 --duration 30s\n"
      "  revecho-stress --clients 20 --reconnect --session exp:20 --duration 1m     while a proxy is reloaded\n"
      "  revecho-stress --clients 50 --reconnect --fail-if none,lost>0,outage>500ms     in CI\n"
      "Exit code: 0 if every reply was right, 1 if any was wrong, lost, late or never sent, a connection failed or "
      "was\nclosed early (--fail-if changes that), or output failed; 2 for a bad option, 130 if interrupted.");
  add_targets(app, options.work);
  add_parsed(
      app, "--clients", options.levels, parse_levels, "N[,N...]", "Clients at once, a level each", "10,100,1000");
  add_message_options(app, options.work);
  add_time_options(app, options.work);
  add_pace_options(app, options);
  add_connection_options(app, options);
  add_output_options(app, options);
  parse_command_line(app, argc, argv);
  options.work.max_size = std::max(options.work.max_size, static_cast<std::size_t>(options.work.size.largest()));
  if (options.work.framing_kind == framing::raw) options.work.max_size = limits::read_buffer;
  options.work.keeps_events = !options.events.empty();
  if (const auto reason = reason_impossible(options.work); !reason.empty()) reject_usage(app.get_name(), reason);
  for (const std::string of_tcp : {"--source", "--source-ports", "--send-proxy"})
    if (options.work.uses_unix() && app.count(of_tcp) > 0)
      reject_usage(app.get_name(), of_tcp + " is for TCP: a UNIX socket has no addresses and ports");
  if (options.work.uses_unix() && options.work.close == closing::reset)
    reject_usage(app.get_name(), "--close reset is for TCP: a UNIX socket has no resets");
  if ((options.json == "-") + (options.csv == "-") + (options.events == "-") > 1)
    reject_usage(app.get_name(), "only one of --json, --csv and --events can have stdout: give the others a file");
  if (!options.baseline.empty() && options.work.duration < shortest_compared)
    reject_usage(app.get_name(), "--baseline compares by the second: use a --duration of 6s or more");
  if (options.find_rate && options.levels.size() != 1)
    reject_usage(app.get_name(), "--find-rate needs one number of --clients");
  return options;
}

std::vector<socket_address> automatic_sources(const workload& work, std::size_t clients) {
  constexpr std::uint32_t loopback = 0x7f000001;
  const auto is_loopback = [](const endpoint& each) {
    const auto address = socket_address::parse(each.host, 0);
    return each.host == "localhost" || (address && address->v4() >> 24 == loopback >> 24);
  };
  const auto ports = (work.source_ports ? work.source_ports->size() : ports_used_of_an_address) * work.to.size();
  std::vector<socket_address> sources;
  if (clients <= ports || !std::all_of(work.to.begin(), work.to.end(), is_loopback)) return sources;
  const auto needed = (clients + ports - 1) / ports;
  for (std::uint32_t i = 0; i < needed; ++i)
    sources.push_back(socket_address::v4(loopback + i, 0));
  return sources;
}

} // namespace revecho::stress
