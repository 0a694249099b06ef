#include "shared/process/port_file.hpp"

#include "shared/process/output_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

std::error_code try_write(const std::string& path, const std::vector<std::string>& lines) {
  try {
    output_file file(path);
    file.write(fmt::format("{}\n", fmt::join(lines, "\n")));
    file.close();
    return {};
  } catch (const std::system_error& error) {
    return error.code();
  }
}

[[noreturn]] void fail_to_write(const std::string& path, std::error_code error) {
  throw std::system_error(error, fmt::format("cannot write {}", path));
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

std::error_code failure_of_call() noexcept { return {errno, std::system_category()}; }

bool is_pipe_or_device(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored);
  return std::filesystem::exists(kind) && std::filesystem::is_other(kind);
}

} // namespace

void write_port_file(const std::string& path, const std::vector<std::string>& lines) {
  if (!is_pipe_or_device(path)) {
    const auto beside = new_file_beside(path);
    std::error_code error = beside.empty() ? failure_of_call() : try_write(beside, lines);
    if (!error && std::rename(beside.c_str(), path.c_str()) != 0) error = failure_of_call();
    if (!error) return;
    if (!beside.empty()) ::unlink(beside.c_str());
    // A file that cannot be replaced, as in a read-only folder or as a mount of its own, may still be written.
    if (error == std::errc::no_space_on_device || ::access(path.c_str(), W_OK) != 0) fail_to_write(path, error);
  }
  const auto error = try_write(path, lines);
  if (error && error != std::errc::operation_canceled) fail_to_write(path, error);
}

} // namespace revecho
