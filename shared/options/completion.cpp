// Completions: bash(1) "Programmable Completion", zshcompsys(1) _arguments, fish complete(1).
#include "shared/options/option_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace revecho {
namespace {

std::string function_name(std::string program) {
  std::replace(program.begin(), program.end(), '-', '_');
  return "_" + program;
}

// A word of a shell, whatever is in it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text)
    c == '\'' ? result += "'\\''" : result += c;
  return result + "'";
}

// --- bash ------------------------------------------------------------------------------------------------------------

std::string bash_values(const option_entry& option) {
  if (!option.words.empty())
    return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", fmt::join(option.words, " "));
  if (option.takes_files()) return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
  if (option.takes_hosts()) return "COMPREPLY=($(compgen -A hostname -- \"$cur\"))";
  return "COMPREPLY=()";
}

std::string for_bash(const std::string& program, const std::vector<option_entry>& options) {
  std::string cases;
  std::vector<std::string> names;
  std::string argument = "COMPREPLY=()";
  for (const auto& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (option.names.empty())
      argument = bash_values(option);
    else if (!option.value.empty())
      cases += fmt::format("    {}) {}; return ;;\n", fmt::join(option.names, "|"), bash_values(option));
  }
  return fmt::format(R"(# bash completion for {0}
{1}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then # --option=value is three words
    prev=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  case $prev in
{2}  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '{3}' -- "$cur"))
  else
    {4}
  fi
}}
complete -F {1} {0}
)",
      program, function_name(program), cases, fmt::join(names, " "), argument);
}

// --- zsh -------------------------------------------------------------------------------------------------------------

// An empty action shows the name of the value. Beside options that would only be in the way, so an argument has one
// that does nothing.
std::string zsh_action(const option_entry& option) {
  if (!option.words.empty()) return fmt::format("({})", fmt::join(option.words, " "));
  if (option.takes_files()) return "_files";
  if (option.takes_hosts()) return "_hosts";
  return option.names.empty() ? "{:}" : "";
}

// In a specification of _arguments these characters end a part.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string for_zsh(const std::string& program, const std::vector<option_entry>& options) {
  std::string text = fmt::format("#compdef {}\n_arguments -s", program);
  for (const auto& option : options) {
    const auto value = fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
    if (option.names.empty()) text += " \\\n  " + quoted("*" + value);
    const auto not_again = option.is_repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    for (const auto& name : option.names) {
      const bool has_value = !option.value.empty();
      text += " \\\n  " + quoted(fmt::format("{}{}{}[{}]{}", not_again, name, has_value ? "=" : "",
                              zsh_text(option.description), has_value ? value : ""));
    }
  }
  return text + '\n';
}

// --- fish ------------------------------------------------------------------------------------------------------------

std::string fish_values(const option_entry& option) {
  if (!option.words.empty()) return fmt::format(" -x -a '{}'", fmt::join(option.words, " "));
  if (option.takes_files()) return " -r -F";
  if (option.takes_hosts()) return " -x -a '(__fish_print_hostnames)'";
  return option.value.empty() ? "" : " -x";
}

// In single quotes fish knows \' and \\.
std::string fish_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string for_fish(const std::string& program, const std::vector<option_entry>& options) {
  std::string text = fmt::format("complete -c {} -f\n", program);
  for (const auto& option : options) {
    text += fmt::format("complete -c {}", program);
    for (const auto& name : option.names)
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    text += fish_values(option) + (option.names.empty() ? "" : " -d " + fish_quoted(option.description)) + '\n';
  }
  return text;
}

} // namespace

std::string as_completion(const CLI::App& app, const std::string& shell) {
  const auto options = options_of(app);
  if (shell == "bash") return for_bash(app.get_name(), options);
  if (shell == "zsh") return for_zsh(app.get_name(), options);
  if (shell == "fish") return for_fish(app.get_name(), options);
  throw std::invalid_argument("'" + shell + "' is not one of bash|zsh|fish");
}

} // namespace revecho
