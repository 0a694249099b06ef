// Command-line parts that all programs share: values with units, --version, error messages. Knows no
// program.
#pragma once

#include "shared/process/program.hpp"
#include "shared/protocol/framing.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace revecho {

/// Adds --version, and parses. Throws early_exit after --help and --version (on stdout), and after an error (on
/// stderr, naming the option and what is allowed).
void parse_command_line(CLI::App& app, int argc, const char* const* argv);

/// Adds an option whose value `parse` makes from its text, throwing std::invalid_argument for a bad one.
/// `default_text` is shown in --help.
template <class Target, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target, Parse parse,
    const std::string& value_name, const std::string& description, const std::string& default_text = {}) {
  const auto convert = [&target, parse, name](const std::string& text) {
    try {
      target = parse(text);
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  auto* const option = app.add_option_function<std::string>(name, convert, description)->type_name(value_name);
  if (!default_text.empty()) option->default_str(default_text);
  return option;
}

/// The same for an option that may be repeated: `parse` makes one value from all its texts.
template <class Target, class Parse>
CLI::Option* add_parsed_list(CLI::App& app, const std::string& name, Target& target, Parse parse,
    const std::string& value_name, const std::string& description, const std::string& default_text) {
  const auto convert = [&target, parse, name](const std::vector<std::string>& texts) {
    try {
      target = parse(texts);
    } catch (const std::invalid_argument& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return app.add_option_function<std::vector<std::string>>(name, convert, description)
      ->type_name(value_name)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false) // one value per occurrence; the next argument is something else
      ->default_str(default_text);
}

/// The words that an option takes, each with its value, in the order in which an error lists them.
template <class Value>
using choices = std::vector<std::pair<std::string, Value>>;

/// Adds an option that takes one of a few words.
template <class Target, class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Target& target, const choices<Value>& allowed,
    const std::string& description, const std::string& default_text) {
  std::string words;
  for (const auto& [word, value] : allowed)
    words += (words.empty() ? "" : "|") + word;
  const auto parse = [allowed, words](const std::string& text) {
    for (const auto& [word, value] : allowed)
      if (word == text) return value;
    throw std::invalid_argument("'" + text + "' is not one of " + words);
  };
  return add_parsed(app, name, target, parse, words, description, default_text);
}

/// Splits "a,b,c" into three texts; keeps empty parts.
std::vector<std::string> split_list(const std::string& text);

/// Throws std::invalid_argument.
framing parse_framing(const std::string& text);

/// --framing, as every program that talks the protocol has it.
void add_framing_option(CLI::App& app, framing& target);

} // namespace revecho
