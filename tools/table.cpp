#include "tools/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace revecho {
namespace {

// Characters, for texts in UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

table::table(std::vector<column> columns) : columns_(std::move(columns)) {}

void table::add_gap() { rows_.emplace_back(); }

void table::add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = width_of(columns_[i].title);
    for (const auto& row : rows_)
      width = std::max(width, row.empty() ? 0 : width_of(row[i]));
    widths.push_back(width);
  }
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string padding(widths[i] - width_of(cell), ' ');
      line += i == 0 ? "" : "  ";
      line += columns_[i].side == align::left ? cell + padding : padding + cell;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  add_line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  std::size_t total = 2 * (columns_.size() - 1);
  for (const auto width : widths)
    total += width;
  text += std::string(total, '-') + '\n';
  for (const auto& row : rows_) {
    if (row.empty()) {
      text += '\n';
    } else {
      add_line([&](std::size_t i) -> const std::string& { return row[i]; });
    }
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t width) {
  std::string lines;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (used > 0 && used + 1 + width_of(word) > width) {
      lines += '\n';
      used = 0;
    } else if (used > 0) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += width_of(word);
  }
  return lines;
}

} // namespace revecho
