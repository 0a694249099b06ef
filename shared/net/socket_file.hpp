// The file of a UNIX socket: created with its mode, in place of one that a dead server has left, and removed at the
// end. Knows no event loop.
#pragma once

#include "shared/net/descriptor.hpp"

#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

namespace revecho {

/// Binds a stream socket to a path. The file has that mode, or what the umask leaves, from its first moment. A socket
/// that nobody has open any more is replaced. Throws std::system_error: std::errc::address_in_use if it is open,
/// not_a_socket if something else has that name.
unique_descriptor bind_to_path(const std::string& path, std::optional<mode_t> mode);

/// Removes a file when it is destroyed, unless another one has taken its name.
class socket_file {
 public:
  socket_file() noexcept = default; ///< of none
  explicit socket_file(std::string path);
  socket_file(socket_file&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
  socket_file& operator=(socket_file&&) = delete;
  ~socket_file();

 private:
  std::string path_; // empty: nothing to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

} // namespace revecho
