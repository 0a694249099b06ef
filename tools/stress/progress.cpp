#include "tools/stress/progress.hpp"

#include "shared/process/output.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace revecho::stress {
namespace {

// Never as wide as the terminal: after its last column some go on in the next line.
std::size_t room() {
  constexpr std::size_t customary = 80;
  const auto width = terminal_width(STDERR_FILENO);
  return (width == any_width ? customary : width) - 1;
}

bool can_rewrite() {
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb" &&
         std::getenv("NO_COLOR") == nullptr;
}

} // namespace

progress::progress(bool wanted) : shown_(wanted && can_rewrite()) {}

// One write a line, and the old text overwritten instead of erased: nothing flickers.
void progress::show(double done, const std::string& text) {
  if (!shown_) return;
  constexpr std::size_t bar_width = 20;
  std::string line = text;
  if (done >= 0) {
    const auto filled = static_cast<std::size_t>(std::lround(std::clamp(done, 0.0, 1.0) * bar_width));
    line = fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(bar_width - filled, '.'), text);
  }
  line = first_of(line, room());
  const std::size_t width = width_of(line);
  line.append(width_ - std::min(width, width_), ' ');
  width_ = width;
  write_to_stderr(fmt::format("\r{}", line));
}

void progress::clear() {
  if (width_ == 0) return;
  write_to_stderr(fmt::format("\r{}\r", std::string(width_, ' ')));
  width_ = 0;
}

} // namespace revecho::stress
