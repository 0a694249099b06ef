#include "tools/compare/own_program.hpp"

#include "shared/net/descriptor.hpp"
#include "tools/child.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace revecho::compare {

pid_t start_own_program(const std::string& program, std::vector<std::string> arguments,
    const std::filesystem::path& log, const std::vector<int>& cpus) {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) throw std::system_error(unknown, "cannot read /proc/self/exe");
  const unique_descriptor errors(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!errors) throw std::system_error(errno, std::system_category(), fmt::format("cannot write {}", log.string()));
  return start_child(self.parent_path() / program, std::move(arguments), {.errors = errors.get(), .cpus = cpus});
}

std::string last_lines(const std::filesystem::path& path) {
  constexpr std::size_t most = 1000;
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() <= most ? text : "…" + text.substr(text.size() - most);
}

} // namespace revecho::compare
