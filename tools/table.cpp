#include "tools/table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace revecho {
namespace {

constexpr std::string_view gap = "  ";

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the character of this number begins.
std::size_t place_of(std::string_view text, std::size_t number) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!continues_a_character(text[i]) && number-- == 0) return i;
  return text.size();
}

// With what no line may end between: "≥ 20k", "5 %".
std::string_view first_word(std::string_view text) {
  auto end = text.find(' ');
  while (end != text.npos && (text.substr(0, end).ends_with("≥") || text.substr(end + 1).starts_with('%')))
    end = text.find(' ', end + 1);
  return text.substr(0, end);
}

} // namespace

std::size_t width_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_a_character));
}

std::string first_of(std::string_view text, std::size_t width) {
  return std::string(text.substr(0, place_of(text, width)));
}

std::string shortened(std::string_view text, std::size_t width) {
  const std::size_t all = width_of(text);
  if (all <= width || width == 0) return first_of(text, width);
  const std::size_t end = (width - 1) / 2;
  return first_of(text, width - 1 - end) + "…" + std::string(text.substr(place_of(text, all - end)));
}

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : any_width;
}

table::table(std::vector<column> columns)
    : columns_(std::move(columns)), is_left_out_(columns_.size()), most_(columns_.size(), any_width) {}

void table::add_gap() { rows_.emplace_back(); }

void table::add_line(std::string text) { rows_.push_back({std::move(text)}); }

void table::add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::vector<std::size_t> table::widths() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = std::max(width_of(columns_[i].title), columns_[i].least);
    for (const auto& row : rows_)
      width = std::max(width, row.size() < columns_.size() ? 0 : width_of(row[i]));
    all.push_back(std::min(width, most_[i]));
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
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].side == align::left && width_of_line(widths()) > width)
      most_[i] = std::max(width_of(columns_[i].title), width / 3);
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
  return wrapped(fmt::format("Left out to fit {} columns: {}; --json has all", width_, names), sentence_width(width_)) +
         '\n';
}

std::string table::line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string line;
  bool is_first = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (is_left_out_[i]) continue;
    const bool is_word = columns_[i].side == align::left;
    const auto cell = is_word ? shortened(cells[i], widths[i]) : cells[i];
    const std::string padding(widths[i] - std::min(widths[i], width_of(cell)), ' ');
    if (!std::exchange(is_first, false)) line += gap;
    line += is_word ? cell + padding : padding + cell;
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
    if (rows_[i].size() < columns_.size())
      text += (rows_[i].empty() ? "" : wrapped(rows_[i].front(), width_)) + '\n';
    else
      text += line_of(rows_[i], all);
  return text;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string lines;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto word = first_word(text);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (used > 0 && used + 1 + width_of(word) > width) {
      lines += '\n' + std::string(indent, ' ');
      used = indent;
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
