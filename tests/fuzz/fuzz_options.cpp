// All that people write for programs to read: values with units, endpoints, laws, command lines. Anything may be
// refused, in words; nothing else may happen.
#include "tests/fuzz/fuzz.hpp"

#include "shared/options/client_options.hpp"
#include "shared/options/command_line.hpp"
#include "shared/options/distribution.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/quantity.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/format.hpp"
#include "tools/compare/options.hpp"
#include "tools/stress/options.hpp"

#include <algorithm>
#include <stdexcept>
#include <unistd.h>

namespace {

using namespace revecho;

template <class Parse>
void try_parse(Parse parse) {
  try {
    parse();
  } catch (const std::invalid_argument& refused) {
    revecho::fuzz::demand(!std::string_view(refused.what()).empty(), "a refusal has words");
  } catch (const early_exit& exit) {
    revecho::fuzz::demand(exit.code == exit_success || exit.code == exit_usage, "an early exit has its code");
  }
}

void try_values(const std::string& text) {
  try_parse([&] {
    const auto d = parse_duration(text);
    revecho::fuzz::demand(d.count() >= 0 && d <= limits::max_duration, "durations are in bounds");
    static_cast<void>(format_duration(d));
  });
  try_parse([&] { static_cast<void>(format_size(static_cast<double>(parse_size(text)))); });
  try_parse([&] {
    const auto n = parse_count(text, 3, 70'000);
    revecho::fuzz::demand(n >= 3 && n <= 70'000, "counts are in bounds");
  });
  try_parse([&] {
    random_bits random(1);
    const auto law = distribution::parse(text);
    revecho::fuzz::demand(law.draw(random).count() >= 0, "draws are not negative");
  });
  try_parse([&] { static_cast<void>(stress::parse_sizes(text)); });
  try_parse([&] { static_cast<void>(stress::parse_levels(text)); });
  try_parse([&] { static_cast<void>(compare::parse_models(text)); });
  for (const auto parse : {parse_endpoint, parse_target})
    try_parse([&] {
      const auto where = parse(text);
      revecho::fuzz::demand(parse_endpoint(to_string(where)) == where, "an endpoint's text is that endpoint");
    });
}

// Lines are arguments.
void try_command_line(unsigned program, std::string_view text) {
  std::vector<std::string> arguments{"program"};
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto newline = std::min(text.find('\n', begin), text.size());
    arguments.emplace_back(text.substr(begin, newline - begin));
    begin = newline + 1;
  }
  std::vector<const char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(argument.c_str());
  const int argc = static_cast<int>(argv.size());
  try_parse([&] {
    if (program == 0) static_cast<void>(parse_server_options(twin::sync, "server", argc, argv.data()));
    if (program == 1) static_cast<void>(parse_server_options(twin::async, "server", argc, argv.data()));
    if (program == 2) static_cast<void>(parse_client_options(twin::async, "client", argc, argv.data()));
    if (program == 3) static_cast<void>(stress::parse_stress_options(argc, argv.data()));
    if (program == 4) static_cast<void>(compare::parse_compare_options(argc, argv.data()));
  });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool has_stdin = ::close(STDIN_FILENO) == 0; // clients would read their messages from there
  static_cast<void>(has_stdin);
  revecho::fuzz::input in(data, size);
  const unsigned what = in.byte() % 6;
  const std::string text(in.rest().substr(0, 4096));
  if (what == 5) {
    try_values(text);
  } else {
    try_command_line(what, text);
  }
  return 0;
}
