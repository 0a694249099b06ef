#include "shared/process/input.hpp"

#include "shared/process/waiting.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 65'536> part;
  for (;;) {
    const auto count = ::read(descriptor, part.data(), part.size());
    if (count == 0) return text;
    if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
    if (count < 0 && !wait_for_retry(descriptor, direction::reading))
      throw std::system_error(errno, std::system_category(), "cannot read stdin");
  }
}

} // namespace

std::vector<std::string> read_lines_of_stdin() {
  std::vector<std::string> lines;
  const auto text = read_all(STDIN_FILENO);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return lines;
}

} // namespace revecho
