#include "shared/options/client_options.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/quantity.hpp"
#include "shared/process/input.hpp"
#include "shared/process/program.hpp"
#include "shared/protocol/encoder.hpp"

#include <fmt/format.h>

#include <system_error>

namespace revecho {
namespace {

std::vector<std::string> messages_of_stdin(const std::string& program) try {
  return read_lines_of_stdin();
} catch (const std::system_error& error) {
  reject_usage(program, fmt::format("{}; give the messages as arguments", error.what()));
}

// CLI11 takes a positional argument like "[a,b]" for two, and cannot be told not to: allow_extra_args(false) would do
// so, but then it takes one message only. A mark after the bracket prevents it, and is taken off afterwards.
constexpr char mark = '\x7f';

bool is_bracketed(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(mark) + 1);
  return text.starts_with('[') && text.ends_with(']');
}

std::vector<std::string> with_marks(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (auto& argument : arguments)
    if (is_bracketed(argument)) argument += mark;
  return arguments;
}

std::string without_mark(std::string text) {
  if (is_bracketed(text)) text.pop_back();
  return text;
}

} // namespace

client_options parse_client_options(twin which, const std::string& program, int argc, const char* const* argv) {
  client_options options;
  CLI::App app{which == twin::sync ? "Sends messages, one after the other, and prints the verified replies."
                                   : "Sends messages, all at once, and prints the verified replies.",
      program};
  app.footer(fmt::format("Every message goes over a connection of its own to every --to.\n"
                         "Examples:\n"
                         "  {0} 'Hello Server!'            !revreS olleH\n"
                         "  {0} --time one two three four five\n"
                         "  {0} --framing line --to 127.0.0.1:6789 --to '[::1]:6789' < messages.txt",
      program));
  app.add_option("message", options.messages, "What to send; without any, each line of stdin")->type_name("TEXT");
  const auto endpoints = [](const std::vector<std::string>& texts) {
    std::vector<endpoint> result;
    result.reserve(texts.size());
    for (const auto& text : texts)
      result.push_back(parse_target(without_mark(text)));
    return result;
  };
  add_parsed_list(app, "--to", options.to, endpoints, "ENDPOINT",
      "Server: HOST:PORT, [V6]:PORT, :PORT, PORT (127.0.0.1) or unix:PATH; repeatable, every message goes to each",
      "127.0.0.1:6789");
  add_framing_option(app, options.framing_kind);
  add_parsed(app, "--timeout", options.timeout, parse_duration, "DURATION",
      "From connecting to the last byte of the reply; 0 for any", "10s");
  if (which == twin::async) {
    add_parsed(
        app, "--max-in-flight", options.max_in_flight,
        [](const std::string& text) { return parse_count(text, 1, 1'000'000); }, "N", "Exchanges under way at once",
        std::to_string(limits::default_max_in_flight));
  }
  app.add_flag("-v,--verbose", options.verbose, "Print what was sent, and to whom, before each reply");
  app.add_flag("--time", options.time, "Print on stderr how long all of it took");
  const auto arguments = with_marks(argc, argv);
  std::vector<const char*> pointers;
  pointers.reserve(arguments.size());
  for (const auto& argument : arguments)
    pointers.push_back(argument.c_str());
  parse_command_line(app, argc, pointers.data());
  for (auto& message : options.messages)
    message = without_mark(std::move(message));

  if (app.count("message") == 0) options.messages = messages_of_stdin(program);
  for (const auto& message : options.messages) {
    if (const auto reason = reason_unsendable(options.framing_kind, message); !reason.empty())
      reject_usage(program, reason);
  }
  return options;
}

} // namespace revecho
