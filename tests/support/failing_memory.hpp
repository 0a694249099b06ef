// Programs that lose an allocation of the test's choice. Knows no programs.
#pragma once

#include "tests/support/build.hpp"
#include "tests/support/server_process.hpp"

#include <atomic>
#include <cstdint>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

namespace revecho::test {

/// Allocation countdown of failing_memory_library.cpp in the program that it is loaded into, mapped here too.
class failing_memory {
 public:
  failing_memory() {
    const int file = ::open(name().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(std::int64_t)) != 0)
      throw std::system_error(errno, std::system_category());
    void* const place = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (place == MAP_FAILED) throw std::system_error(errno, std::system_category());
    left_ = static_cast<std::atomic<std::int64_t>*>(place);
  }
  ~failing_memory() { ::munmap(left_, sizeof(std::int64_t)); }
  failing_memory(const failing_memory&) = delete;
  failing_memory& operator=(const failing_memory&) = delete;

  /// For the shell that becomes the program.
  std::string commands() const {
    return "export LD_PRELOAD=" + library_path("failing_memory_library") + " FAILING_MEMORY=" + name();
  }

  /// So many allocations from now on, one fails.
  void start(std::int64_t allocations) { left_->store(allocations); }

  std::int64_t left() const { return left_->load(); }

  /// None fails any more. True if the one that was to fail has.
  bool stop() { return left_->exchange(0) <= 0; }

 private:
  std::string name() const { return directory_.path() + "/countdown"; }

  temporary_folder directory_;
  std::atomic<std::int64_t>* left_;
};

} // namespace revecho::test
