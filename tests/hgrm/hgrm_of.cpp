// Our histogram's view of latencies: reads nanoseconds, one a line; writes figures in nanoseconds, an empty line,
// and the .hgrm text. Reference.java does the same with HdrHistogram.
#include "tools/stress/documents.hpp"
#include "tools/stress/output.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iostream>

int main() {
  revecho::histogram h;
  for (std::int64_t nanoseconds = 0; std::cin >> nanoseconds;)
    h.record(std::chrono::nanoseconds{nanoseconds});
  if (!std::cin.eof()) {
    fmt::print(stderr, "hgrm_of: stdin holds something that is not a number\n");
    return 2;
  }
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99})
    fmt::print("p{} {}\n", percent, h.percentile(percent).count());
  fmt::print("max {}\nmean {}\ndeviation {}\n\n", h.max().count(), h.mean().count(), h.deviation().count());
  fmt::print("{}", revecho::stress::as_hgrm(h));
}
