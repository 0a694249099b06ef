// The options of a program as data, for what is made of them besides --help: manual pages and completions. Knows no
// program.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace revecho {

struct option_entry {
  std::vector<std::string> names; ///< "-v", "--verbose"; none of an argument without a name
  std::string value;              ///< "FILE" or "raw|line"; empty if it takes none
  std::vector<std::string> words; ///< the values, if there are only a few
  std::string description;        ///< without a full stop
  std::string default_value;
  std::string group; ///< the heading that it stands under; "General" for --help and --version

  bool is_repeatable = false;

  bool takes_files() const { return value.starts_with("FILE"); }
  bool takes_hosts() const { return value.find("ENDPOINT") != std::string::npos; }
};

/// Arguments without a name first, then group by group, that of --help and --version last. Without hidden options.
std::vector<option_entry> options_of(const CLI::App&);

/// A manual page in roff, up to and including its options and examples.
std::string as_manual(const CLI::App&, const std::string& release);

/// Completion for "bash", "zsh" or "fish".
std::string as_completion(const CLI::App&, const std::string& shell);

} // namespace revecho
