// Text for people. Tables: columns as wide as they need to be, words to the left, figures to the right. Paragraphs.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace revecho {

class table {
 public:
  enum class align { left, right };
  struct column {
    std::string title;
    align side = align::right;
  };

  explicit table(std::vector<column> columns);

  /// A line that is empty between two groups of rows.
  void add_gap();

  /// A cell for each column.
  void add_row(std::vector<std::string> cells);

  /// The titles, a rule and the rows.
  std::string text() const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_; // empty: a gap
};

/// In lines of at most so many characters, but for words that are longer.
std::string wrapped(std::string_view text, std::size_t width);

} // namespace revecho
