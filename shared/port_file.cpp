#include "shared/port_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

namespace files = std::filesystem;

bool try_write(const files::path& path, const std::vector<endpoint>& listening) {
  errno = 0;
  std::ofstream file(path);
  for (const auto& where : listening)
    file << where.port << '\n';
  file.close();
  return !file.fail();
}

// Where a chain of symbolic links leads, be there a file or not.
files::path behind_links(files::path path) {
  constexpr int longest_chain = 40; // the kernel's
  std::error_code error;            // then it is no link
  for (int i = 0; i < longest_chain && files::is_symlink(path, error); ++i)
    path = path.parent_path() / files::read_symlink(path, error);
  return path;
}

} // namespace

void write_port_file(const std::string& path, const std::vector<endpoint>& listening) {
  const auto failed = [&](std::error_code error) {
    return std::system_error(error, fmt::format("cannot write {}", path));
  };
  const auto last_error = [] { return std::error_code(errno, std::system_category()); };
  std::error_code ignored;
  const auto kind = files::status(path, ignored);
  if (files::exists(kind) && !files::is_regular_file(kind)) {
    if (!try_write(path, listening)) throw failed(last_error());
    return;
  }
  // Under another name first, which then replaces what is there.
  const auto target = behind_links(path);
  auto unfinished = target;
  unfinished += ".new";
  if (!try_write(unfinished, listening)) {
    const auto error = last_error();
    ::unlink(unfinished.c_str());
    throw failed(error);
  }
  std::error_code error;
  files::rename(unfinished, target, error);
  if (!error) return;
  ::unlink(unfinished.c_str());
  throw failed(error);
}

} // namespace revecho
