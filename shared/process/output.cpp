#include "shared/process/output.hpp"

#include "shared/process/waiting.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

bool write_whole(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && !wait_for_retry(descriptor, direction::writing)) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

} // namespace

void write_to_stdout(std::string_view text) {
  if (!write_whole(STDOUT_FILENO, text))
    throw std::system_error(errno, std::system_category(), "cannot write to stdout");
}

void write_to_stderr(std::string_view text) noexcept { write_whole(STDERR_FILENO, text); }

} // namespace revecho
