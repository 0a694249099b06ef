#include "shared/process/output_file.hpp"

#include "shared/process/output.hpp"
#include "shared/process/signals.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace revecho {
namespace {

constexpr auto look_for_reader = std::chrono::milliseconds{20};

bool is_fifo(const std::string& name) noexcept {
  struct stat file {};
  return ::stat(name.c_str(), &file) == 0 && S_ISFIFO(file.st_mode);
}

// Without O_NONBLOCK, opening a pipe that nobody reads would block, and nothing could end that.
int open_for_writing(const std::string& name) {
  for (bool stopping = false;; stopping = stop_signals::have_come()) {
    const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor >= 0 || (errno != ENXIO && errno != EINTR) || !is_fifo(name)) return descriptor;
    if (stopping) {
      errno = ECANCELED;
      return -1;
    }
    std::this_thread::sleep_for(look_for_reader);
  }
}

} // namespace

output_file::output_file(std::string name) : name_(std::move(name)), descriptor_(open_for_writing(name_)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::system_category(), "cannot write " + name_);
}

output_file::output_file(output_file&& other) noexcept
    : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

output_file& output_file::operator=(output_file&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

output_file::~output_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void output_file::write(std::string_view text) { write_all(descriptor_, text, name_); }

void output_file::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0)
    throw std::system_error(errno, std::system_category(), "cannot write " + name_);
}

} // namespace revecho
