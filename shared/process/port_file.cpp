#include "shared/process/port_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
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

bool is_pipe_or_device(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored);
  return std::filesystem::exists(kind) && std::filesystem::is_other(kind);
}

} // namespace

void write_port_file(const std::string& path, const std::vector<std::uint16_t>& ports) {
  const bool in_place = is_pipe_or_device(path);
  const std::string target = in_place ? path : path + ".new";
  if (try_write(target, ports) && (in_place || std::rename(target.c_str(), path.c_str()) == 0)) return;
  const std::error_code error(errno, std::system_category());
  if (!in_place) ::unlink(target.c_str());
  throw std::system_error(error, fmt::format("cannot write {}", path));
}

} // namespace revecho
