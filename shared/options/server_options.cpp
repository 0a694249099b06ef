#include "shared/options/server_options.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/quantity.hpp"
#include "shared/process/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>

namespace revecho {
namespace {

auto count_from(std::uint64_t least, std::uint64_t most) {
  return [=](const std::string& text) { return parse_count(text, least, most); };
}

unsigned parse_mode(const std::string& text) {
  constexpr unsigned all_permissions = 0777;
  unsigned mode = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc{} || stopped != end || mode > all_permissions)
    throw std::invalid_argument(fmt::format("'{}' is not an octal number up to 0777", text));
  return mode;
}

void add_connection_options(CLI::App& app, server_options& options) {
  app.option_defaults()->group("Connections");
  add_framing_option(app, options.framing_kind);
  app.add_flag("--proxy-protocol", options.proxy_protocol,
      "Require a PROXY header (v1 or v2) of each connection, and log the client that it names");
  const auto message_size = [](const std::string& text) {
    const auto size = parse_size(text);
    if (size < 1 || size > max_message_ceiling)
      throw std::invalid_argument(fmt::format("'{}' is not from 1 byte to 1GiB", text));
    return size;
  };
  add_parsed(app, "--max-message", options.max_message, message_size, "SIZE",
      "Close a connection when a message is longer", "1MiB");
  add_parsed(app, "--max-connections", options.max_connections, count_from(1, 10'000'000), "N",
      "Connections at once; one more is closed at once [what the descriptor limit allows]");
  add_parsed(app, "--idle-timeout", options.idle_timeout, parse_duration, "DURATION",
      "Close a connection after this silence between two messages; 0 for no limit", "5m");
  add_parsed(app, "--message-timeout", options.message_timeout, parse_duration, "DURATION",
      "Allow this long from the first byte of a message to its last; 0 for no limit", "30s");
  add_parsed(app, "--write-timeout", options.write_timeout, parse_duration, "DURATION",
      "Allow a client this long to read its replies; 0 for no limit", "30s");
  add_parsed(
      app, "--delay", options.delay, [](const std::string& text) { return distribution::parse(text); }, "DIST",
      "Wait before each reply, as a costly operation would: 10ms, uniform:0s..5s or exp:50ms", "0");
  add_parsed(app, "--seed", options.seed, count_from(0, std::numeric_limits<std::uint64_t>::max()), "N",
      "Make the draws of --delay repeatable [different every time]");
}

void add_listening_options(CLI::App& app, server_options& options) {
  app.option_defaults()->group("Listening");
  const auto endpoints = [](const std::vector<std::string>& texts) {
    std::vector<endpoint> result;
    for (const auto& text : texts) {
      const auto parsed = parse_endpoint(text);
      if ((parsed.port != 0 || parsed.is_unix()) && std::find(result.begin(), result.end(), parsed) != result.end())
        throw std::invalid_argument(fmt::format("'{}' was given already", text));
      result.push_back(parsed);
    }
    return result;
  };
  add_parsed_list(app, "--listen", options.listen, endpoints, "ENDPOINT",
      "Where to listen: HOST:PORT, [V6]:PORT, :PORT or PORT (127.0.0.1), or unix:PATH; a name means all its addresses; "
      "port 0 picks a free one; repeatable",
      "127.0.0.1:6789");
  add_parsed(app, "--socket-mode", options.socket_mode, parse_mode, "MODE",
      "Permissions of the files of unix:PATH, as chmod takes them: 0660 [what the umask leaves]");
  app.add_option(
         "--port-file", options.port_file, "Write the bound ports (or unix:PATH) here, one per line, once listening")
      ->type_name("FILE")
      ->check([](const std::string& text) { return text.empty() ? "a file name is needed" : ""; });
  add_parsed(
      app, "--backlog", options.backlog,
      [](const std::string& text) { return static_cast<int>(parse_count(text, 1, 65535)); }, "N",
      "Limit connections that wait to be accepted", std::to_string(limits::default_backlog));
  app.add_flag("--reuse-port", options.reuse_port, "Let several server processes share the port (SO_REUSEPORT)");
}

void add_running_options(CLI::App& app, server_options& options) {
  app.option_defaults()->group("Running and logging");
  add_parsed(app, "--drain-timeout", options.drain_timeout, parse_duration, "DURATION",
      "On SIGTERM or SIGINT, how long to finish what is in flight; a second signal ends at once", "10s");
  add_parsed(app, "--exit-after", options.exit_after, count_from(1, std::numeric_limits<std::uint64_t>::max()), "N",
      "Stop once N connections have been served");
  const auto interval = [](const std::string& text) {
    const auto result = parse_duration(text);
    if (result > result.zero() && result < limits::shortest_stats_interval)
      throw std::invalid_argument(
          fmt::format("'{}' is shorter than {}", text, format_duration(limits::shortest_stats_interval)));
    return result;
  };
  add_parsed(app, "--stats", options.stats_interval, interval, "INTERVAL",
      "Interval between statistics lines (at least 100ms)");
  add_choice(app, "--log-format", options.format,
      choices<log_format>{{"json", log_format::json}, {"text", log_format::text}}, "Form of the lines on stderr",
      "text");
  add_choice(app, "--log-level", options.level,
      choices<log_level>{{"debug", log_level::debug}, {"error", log_level::error}, {"info", log_level::info},
          {"warning", log_level::warning}},
      "Least important lines to write", "info");
  app.add_flag("--log-messages", options.log_messages,
      "Log each message: which one of the load tool's it is, or its first bytes; needs --log-level debug");
}

void add_model_options(CLI::App& app, server_options& options, twin which) {
  app.option_defaults()->group("Concurrency");
  const auto threads = [](const std::string& text) {
    return static_cast<unsigned>(parse_count(text, 1, limits::max_threads));
  };
  switch (which) {
  case twin::sync:
    add_choice(app, "--model", options.model,
        choices<server_model>{
            {"iterative", server_model::iterative}, {"pool", server_model::pool}, {"threads", server_model::threads}},
        "One client at a time, a thread for each client, or --threads clients at a time", "threads");
    options.threads = limits::default_pool_threads;
    add_parsed(app, "--threads", options.threads, threads, "N", "Workers of --model pool",
        std::to_string(limits::default_pool_threads));
    break;
  case twin::async:
    add_parsed(app, "--threads", options.threads, threads, "N", "Event loops, each in a thread of its own", "1");
    break;
  }
}

} // namespace

server_options parse_server_options(twin which, const std::string& program, int argc, const char* const* argv) {
  server_options options;
  CLI::App app{which == twin::sync ? "Sends every message back reversed, with blocking I/O."
                                   : "Sends every message back reversed, with coroutines on event loops.",
      program};
  app.footer(fmt::format("Examples:\n"
                         "  {0}                                    listen on 127.0.0.1:6789, raw\n"
                         "  {0} --framing line --listen '[::1]:0'  on IPv6, on a free port\n"
                         "  {0} --delay uniform:0s..5s             as slow as a costly query\n"
                         "  printf 'Hello\\n' | nc 127.0.0.1 6789              a first client",
      program));
  add_listening_options(app, options);
  add_connection_options(app, options);
  add_model_options(app, options, which);
  add_running_options(app, options);
  parse_command_line(app, argc, argv);
  if (options.log_messages && options.level != log_level::debug)
    reject_usage(program, "--log-messages writes lines of level debug: add --log-level debug");
  if (which == twin::sync && app.count("--threads") > 0 && options.model != server_model::pool)
    reject_usage(program, "--threads goes with --model pool only");
  const auto on_unix =
      std::count_if(options.listen.begin(), options.listen.end(), [](const auto& e) { return e.is_unix(); });
  if (options.socket_mode && on_unix == 0) reject_usage(program, "--socket-mode goes with --listen unix:PATH only");
  if (options.reuse_port && on_unix == std::ssize(options.listen))
    reject_usage(program, "--reuse-port goes with a port only: a UNIX socket belongs to one server");
  return options;
}

std::chrono::nanoseconds shortest_timeout(const server_options& options) noexcept {
  std::chrono::nanoseconds shortest{};
  for (const auto timeout : {options.idle_timeout, options.message_timeout, options.write_timeout}) {
    if (timeout > timeout.zero() && (shortest == shortest.zero() || timeout < shortest)) shortest = timeout;
  }
  return shortest;
}

} // namespace revecho
