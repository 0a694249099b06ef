#include "shared/process/port_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

bool try_write(const std::string& path, const std::vector<std::uint16_t>& ports) {
  errno = 0;
  std::ofstream file(path);
  for (const auto port : ports)
    file << port << '\n';
  file.close();
  return !file.fail();
}

[[noreturn]] void fail_to_write(const std::string& path, int error) {
  throw std::system_error(error, std::system_category(), fmt::format("cannot write {}", path));
}

// Creates a file of a new name and returns the name; empty, with errno, if that fails.
std::string new_file_beside(const std::string& path) {
  constexpr int most_tries = 100;
  for (int i = 0; i < most_tries; ++i) {
    auto name = fmt::format("{}.new{}", path, i == 0 ? "" : std::to_string(i));
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) {
      ::close(file);
      return name;
    }
    if (errno != EEXIST) break;
  }
  return {};
}

bool is_pipe_or_device(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored);
  return std::filesystem::exists(kind) && std::filesystem::is_other(kind);
}

} // namespace

void write_port_file(const std::string& path, const std::vector<std::uint16_t>& ports) {
  if (!is_pipe_or_device(path)) {
    const auto beside = new_file_beside(path);
    if (!beside.empty() && try_write(beside, ports) && std::rename(beside.c_str(), path.c_str()) == 0) return;
    const int error = errno;
    if (!beside.empty()) ::unlink(beside.c_str());
    // A file that cannot be replaced, as in a read-only folder or as a mount of its own, may still be written.
    if (error == ENOSPC || ::access(path.c_str(), W_OK) != 0) fail_to_write(path, error);
  }
  if (!try_write(path, ports)) fail_to_write(path, errno);
}

} // namespace revecho
