// Captures stdout or stderr at the descriptor, below iostreams.
#pragma once

#include <string>

namespace revecho::testing {

/// Sends what is written to `descriptor` into a temporary file, until text() or the end of its life.
/// Make no assertion in between: Catch would report into the file.
class captured {
 public:
  explicit captured(int descriptor);
  ~captured() { release(); }
  captured(const captured&) = delete;
  captured& operator=(const captured&) = delete;

  /// Ends the capture; all that was written.
  std::string text();

 private:
  void release();

  int descriptor_;
  int original_;
  int file_;
};

} // namespace revecho::testing
