// A file of results, which may also be a pipe or a device. Knows nothing of what is written.
#pragma once

#include <string>
#include <string_view>

namespace revecho {

/// One thread. Waits for a pipe to get a reader, and for a slow reader, until at most 50 ms after a stop signal. Throws
/// std::system_error "cannot write NAME"; after such a signal, with std::errc::operation_canceled.
class output_file {
 public:
  output_file() = default;
  /// Creates it, or makes it empty.
  explicit output_file(std::string name);
  output_file(output_file&& other) noexcept;
  output_file& operator=(output_file&& other) noexcept;
  ~output_file();

  bool is_open() const noexcept { return descriptor_ >= 0; }
  void write(std::string_view text);
  /// Some file systems report errors only now.
  void close();

 private:
  std::string name_;
  int descriptor_ = -1;
};

} // namespace revecho
