// Manual pages. roff: man(7), groff_man(7).
#include "shared/options/option_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

namespace revecho {
namespace {

// Escapes what roff would take for a command, a hyphen or a typographic quote.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool begins_a_line = result.empty() || result.back() == '\n';
    if (begins_a_line && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '\'')
      result += "\\(aq";
    else if (c == '~')
      result += "\\(ti";
    else if (c == '^')
      result += "\\(ha";
    else if (c == '`')
      result += "\\(ga";
    else
      result += c;
  }
  return result;
}

std::string in_capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string as_paragraph(const option_entry& option) {
  std::string text = ".TP\n";
  std::vector<std::string> names;
  for (const auto& name : option.names)
    names.push_back("\\fB" + escaped(name) + "\\fR");
  text += fmt::format("{}", fmt::join(names, ", "));
  if (!option.value.empty()) text += fmt::format("{}\\fI{}\\fR", names.empty() ? "" : " ", escaped(option.value));
  text += '\n' + escaped(option.description) + ".\n";
  if (!option.default_value.empty()) text += fmt::format("Default: {}.\n", escaped(option.default_value));
  return text;
}

// Text with lines of its own, "Examples:" and the like being headings. A page has a section on exit codes by itself.
std::string as_sections(const std::string& footer) {
  std::string text;
  std::istringstream lines(footer);
  bool is_literal = false;
  const auto set_literal = [&](bool literal) {
    if (literal != is_literal) text += literal ? ".nf\n" : ".fi\n";
    is_literal = literal;
  };
  for (std::string line; std::getline(lines, line) && !line.starts_with("Exit code:");) {
    set_literal(line.starts_with(' '));
    const bool is_heading = !line.empty() && line.find(':') == line.size() - 1;
    text += is_heading ? fmt::format(".SH {}\n", in_capitals(line.substr(0, line.size() - 1))) : escaped(line) + '\n';
  }
  set_literal(false);
  return text;
}

} // namespace

std::string as_manual(const CLI::App& app, const std::string& release) {
  const auto& name = app.get_name();
  std::string purpose = app.get_description();
  if (purpose.ends_with('.')) purpose.pop_back();
  std::string text = fmt::format(".TH {} 1 \"\" \"revecho {}\" \"revecho\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n",
      in_capitals(escaped(name)), release, escaped(name), escaped(purpose), escaped(name));
  const auto options = options_of(app);
  text += "[\\fIoption\\fR ...]\n";
  for (const auto& option : options)
    if (option.names.empty()) text += fmt::format("[\\fI{}\\fR ...]\n", escaped(option.value));
  std::string group;
  text += ".SH OPTIONS\n";
  for (const auto& option : options) {
    if (option.group != group && !option.names.empty()) text += fmt::format(".SS {}\n", escaped(group = option.group));
    text += as_paragraph(option);
  }
  return text + as_sections(app.get_footer());
}

} // namespace revecho
