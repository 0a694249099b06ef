#include "tools/table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace revecho {
namespace {

// Characters, for texts in UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

constexpr std::string_view gap = "  ";

} // namespace

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : any_width;
}

table::table(std::vector<column> columns) : columns_(std::move(columns)), is_left_out_(columns_.size()) {}

void table::add_gap() { rows_.emplace_back(); }

void table::add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::vector<std::size_t> table::widths() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = std::max(width_of(columns_[i].title), columns_[i].least);
    for (const auto& row : rows_)
      width = std::max(width, row.empty() ? 0 : width_of(row[i]));
    all.push_back(width);
  }
  return all;
}

std::size_t table::width_of_line(const std::vector<std::size_t>& widths) const {
  std::size_t sum = 0;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (!is_left_out_[i]) sum += widths[i] + (shown++ > 0 ? gap.size() : 0);
  return sum;
}

void table::fit(std::size_t width) {
  width_ = width;
  const auto needed = widths();
  while (width_of_line(needed) > width) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (!is_left_out_[i] && (is_left_out_[next] || columns_[i].leaves > columns_[next].leaves)) next = i;
    if (is_left_out_[next] || columns_[next].leaves == 0) return;
    is_left_out_[next] = true;
  }
}

std::string table::left_out() const {
  std::string names;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (is_left_out_[i]) names += (names.empty() ? "" : ", ") + columns_[i].title;
  if (names.empty()) return {};
  return wrapped(fmt::format("Left out to fit {} columns: {}", width_, names), width_) + '\n';
}

std::string table::line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string line;
  bool is_first = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (is_left_out_[i]) continue;
    const std::string padding(widths[i] - std::min(widths[i], width_of(cells[i])), ' ');
    if (!std::exchange(is_first, false)) line += gap;
    line += columns_[i].side == align::left ? cells[i] + padding : padding + cells[i];
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string table::head() const {
  const auto all = widths();
  std::vector<std::string> titles;
  for (const auto& c : columns_)
    titles.push_back(c.title);
  return line_of(titles, all) + std::string(width_of_line(all), '-') + '\n';
}

std::string table::rows_from(std::size_t first) const {
  const auto all = widths();
  std::string text;
  for (std::size_t i = first; i < rows_.size(); ++i)
    text += rows_[i].empty() ? "\n" : line_of(rows_[i], all);
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
