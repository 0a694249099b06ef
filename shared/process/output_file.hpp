// A file of results, which may also be a pipe or a device. Knows nothing of what is written.
#pragma once

#include <string>
#include <string_view>

namespace revecho {

/// One thread. Everything that waits here, waits until a stop signal, and 50 ms longer: for a pipe to be opened by its
/// reader, and for a reader that is slow. Throws std::system_error: "cannot write NAME", with std::errc::
/// operation_canceled after such a signal.
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
