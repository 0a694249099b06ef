#include "shared/net/socket_file.hpp"

#include "shared/net/address.hpp"
#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

namespace revecho {
namespace {

constexpr mode_t all_permissions = 0777;

// The umask, and not chmod() afterwards: the file never has another mode. No other thread creates files yet.
unique_descriptor bind_with(std::optional<mode_t> mode, const socket_address& where) {
  if (!mode) return bind_listening_socket(where, false);
  struct restoring {
    mode_t before;
    ~restoring() { ::umask(before); }
  };
  const restoring own{::umask(all_permissions & ~*mode)};
  return bind_listening_socket(where, false);
}

// Two servers that start at once must not both find a dead socket, and one of them remove that of the other. Somebody
// who never lets go of the folder delays the start by a second, and no more.
unique_descriptor lock_folder_of(const std::filesystem::path& path) {
  constexpr int most_tries = 100;
  constexpr auto pause = std::chrono::milliseconds{10};
  const auto folder = path.has_parent_path() ? path.parent_path() : ".";
  unique_descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int tries = 0; tries < most_tries && lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0; ++tries)
    std::this_thread::sleep_for(pause);
  return lock;
}

// A datagram socket cannot connect to a server's stream socket, and the error says that it is open: unlike a
// connection, that costs a server which is alive nothing.
std::error_code why_not_replaceable(const std::string& path, const socket_address& where) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? std::error_code() : last_error();
  if (!S_ISSOCK(found.st_mode)) return std::make_error_code(std::errc::not_a_socket);
  const unique_descriptor probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!probe) return last_error();
  if (::connect(probe.get(), where.data(), where.size()) == 0 || errno == EPROTOTYPE)
    return std::make_error_code(std::errc::address_in_use);
  const bool is_dead = errno == ECONNREFUSED || errno == ENOENT; // the latter: removed since
  return is_dead ? std::error_code() : last_error();
}

} // namespace

unique_descriptor bind_to_path(const std::string& path, std::optional<mode_t> mode) {
  const auto where = socket_address::at_path(path);
  const auto lock = lock_folder_of(path);
  try {
    return bind_with(mode, where);
  } catch (const std::system_error& failure) {
    if (failure.code() != std::errc::address_in_use) throw;
  }
  if (const auto reason = why_not_replaceable(path, where)) throw std::system_error(reason);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw std::system_error(last_error());
  return bind_with(mode, where);
}

socket_file::socket_file(std::string path) {
  struct stat created {};
  if (::lstat(path.c_str(), &created) != 0) throw std::system_error(last_error());
  path_ = std::move(path);
  device_ = created.st_dev;
  inode_ = created.st_ino;
}

socket_file::~socket_file() {
  if (path_.empty()) return;
  struct stat found {};
  const bool exists = ::lstat(path_.c_str(), &found) == 0;
  if (exists && found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

} // namespace revecho
