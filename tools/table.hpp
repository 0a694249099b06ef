// Text for people: paragraphs, and tables whose columns are as wide as they need to be, with words to the left and
// figures to the right. A table leaves columns out if the terminal is narrow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace revecho {

/// No limit.
inline constexpr std::size_t any_width = static_cast<std::size_t>(-1);

/// Columns of the terminal that this descriptor is; any_width if it is none, or does not tell.
std::size_t terminal_width(int descriptor) noexcept;

/// Of lines of sentences, where there is room for more: longer ones are hard to read.
constexpr std::size_t sentence_width(std::size_t room) noexcept { return std::min<std::size_t>(room, 118); }

/// Characters, for text in UTF-8, as if each took one column.
std::size_t width_of(std::string_view text);

/// At most so many characters: the beginning of longer text.
std::string first_of(std::string_view text, std::size_t width);

/// The same, but of longer text both ends with "…" between: names that begin alike stay apart.
std::string shortened(std::string_view text, std::size_t width);

class table {
 public:
  enum class align { left, right };
  struct column {
    std::string title;
    align side = align::right;
    int leaves = 0;        ///< where there is no room: the highest goes first, 0 never
    std::size_t least = 0; ///< characters, for rows that are not known yet
  };

  explicit table(std::vector<column> columns);

  /// A line that is empty between two groups of rows.
  void add_gap();

  /// One text over all columns.
  void add_line(std::string text);

  /// A cell for each column, also for those that have left.
  void add_row(std::vector<std::string> cells);

  /// Columns leave until lines have at most so many characters, or none may leave any more. Before that, words that
  /// take more than a third of them are shortened.
  void fit(std::size_t width);

  std::size_t width() const { return width_of_line(widths()); } ///< of the lines as they are now

  /// "Left out to fit 80 columns: p90, max; --json has all", ending a line; empty if nothing was.
  std::string left_out() const;

  /// The titles, a rule and the rows.
  std::string text() const { return head() + rows_from(0); }

  /// The same in parts: rows that come later are as wide, if `least` of their columns is.
  std::string head() const;
  std::string rows_from(std::size_t first) const;

 private:
  std::vector<std::size_t> widths() const;
  std::size_t width_of_line(const std::vector<std::size_t>& widths) const;
  std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;

  std::vector<column> columns_;
  std::vector<bool> is_left_out_;
  std::vector<std::size_t> most_;              // characters of each
  std::size_t width_ = any_width;              // to fit
  std::vector<std::vector<std::string>> rows_; // empty: a gap; one cell: a line
};

/// Breaks text into lines of at most so many characters; longer words stay whole. Indents all lines except the first.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

} // namespace revecho
