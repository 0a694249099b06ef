#include "shared/options/option_list.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace revecho {
namespace {

// "raw|line|length": words, and no placeholder, which has capitals.
std::vector<std::string> words_of(const std::string& value) {
  const auto belongs_to_a_word = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '|'; };
  std::vector<std::string> words;
  if (value.find('|') == value.npos || !std::all_of(value.begin(), value.end(), belongs_to_a_word)) return words;
  std::istringstream parts(value);
  for (std::string word; std::getline(parts, word, '|');)
    words.push_back(word);
  return words;
}

} // namespace

std::vector<option_entry> options_of(const CLI::App& app) {
  std::vector<option_entry> all;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    option_entry entry;
    for (const auto& name : option->get_snames())
      entry.names.push_back("-" + name);
    for (const auto& name : option->get_lnames())
      entry.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0) entry.value = option->get_type_name();
    entry.is_repeatable = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    entry.words = words_of(entry.value);
    entry.description = option->get_description();
    entry.default_value = option->get_default_str();
    entry.group = option->get_group() == "Options" ? "General" : option->get_group();
    all.push_back(std::move(entry));
  }
  const auto rank = [](const option_entry& e) { return e.names.empty() ? 0 : e.group == "General" ? 2 : 1; };
  std::stable_sort(
      all.begin(), all.end(), [&](const option_entry& a, const option_entry& b) { return rank(a) < rank(b); });
  return all;
}

} // namespace revecho
