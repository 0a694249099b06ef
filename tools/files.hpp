// Files of results: checked before the measuring, which may take minutes, and written after it.
#pragma once

#include "shared/process/output_file.hpp"

#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace revecho {

/// Touches nothing, so that older results stay if there are no new ones. An empty name, and "-" for stdout, are no
/// file. Throws std::system_error naming the file if it could not be written.
void check_writable(const std::string& name);

/// See output_file. Throws std::system_error naming the file.
void write_file(const std::string& name, std::string_view text);

/// Lines that come during the measuring. After a failure there are no more: what comes after a gap would be misread.
/// One thread at a time.
class line_file {
 public:
  line_file() = default;
  /// None if the name is empty; - is stdout. Throws like output_file.
  explicit line_file(const std::string& name);

  bool is_open() const noexcept { return is_stdout_ || file_.is_open(); }
  void write(std::string_view lines);
  /// Throws what the first failure was.
  void close();

 private:
  bool is_stdout_ = false;
  output_file file_;
  std::exception_ptr failure_;
};

/// Several results: if one place cannot take its own, another still may.
class writing {
 public:
  explicit writing(std::string_view program) : program_(program) {}
  /// Says on stderr what is thrown.
  void attempt(const std::function<void()>& write) noexcept;
  bool good() const noexcept { return good_; } ///< all attempts

 private:
  std::string_view program_;
  bool good_ = true;
};

} // namespace revecho
