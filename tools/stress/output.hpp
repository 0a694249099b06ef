// Results for people at a terminal: a table and sentences.
#pragma once

#include "tools/stress/results.hpp"
#include "tools/stress/workload.hpp"
#include "tools/table.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace revecho::stress {

/// A table with a row for each level, written as levels end. Leaves columns out in a fixed order until it fits.
class level_table {
 public:
  level_table(std::size_t most_clients, std::size_t width) : most_clients_(most_clients), width_(width) {}

  /// Returns the text to write now: the row, and before the first one the titles.
  std::string add(const level_result&);

  /// Returns the line under the last row, which names the columns left out.
  std::string end() const { return rows_ ? rows_->left_out() : ""; }

 private:
  std::size_t most_clients_;
  std::size_t width_;
  std::size_t count_ = 0;
  std::optional<table> rows_;
};

/// "1.24 ms", or a dash if there are too few values to know it.
std::string percentile_text(const histogram&, double percent);

/// A line for each kind of fault, and one for each of the first few.
std::vector<std::string> fault_lines(const level_result&);

/// Sentences about a level, for what the table cannot show: what went wrong, who starved, whether the figures can be
/// trusted.
std::vector<std::string> remarks(const level_result&, const workload&);

/// The latencies that a level is judged by: response in an open loop, service in a closed one.
const latencies& judged_by(const level_result&);

} // namespace revecho::stress
