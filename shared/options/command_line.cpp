#include "shared/options/command_line.hpp"

#include "shared/options/option_list.hpp"
#include "shared/process/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <string_view>

namespace revecho {

void parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  app.option_defaults()->group("Options");
  app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), version), "Print the version and exit");
  app.get_formatter()->column_width(34);
  if (argc == 3 && std::string_view(argv[1]) == "--help-as") { // for the build: not shown
    std::cout << (std::string_view(argv[2]) == "man" ? as_manual(app, version) : as_completion(app, argv[2]));
    throw early_exit{std::cout.flush() ? exit_success : exit_failure};
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help_or_version) {
    app.exit(asked_for_help_or_version, std::cout, std::cerr);
    throw early_exit{std::cout.flush() ? exit_success : exit_failure};
  } catch (const CLI::ParseError& error) {
    reject_usage(app.get_name(), error.what());
  }
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

framing parse_framing(const std::string& text) {
  if (const auto found = framing_from(text)) return *found;
  throw std::invalid_argument(fmt::format("'{}' is not one of raw|line|length|eof", text));
}

void add_framing_option(CLI::App& app, framing& target) {
  add_parsed(app, "--framing", target, parse_framing, "raw|line|length|eof", "Where a message ends", "raw");
}

} // namespace revecho
