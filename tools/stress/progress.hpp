// The live line of a run that takes a while: on a terminal only, rewritten in place, gone when the run is over.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace revecho::stress {

class progress {
 public:
  /// Shows nothing unless `wanted`, stderr is a terminal that can go back to the start of a line, and NO_COLOR is
  /// unset.
  explicit progress(bool wanted);
  ~progress() { clear(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  bool is_shown() const noexcept { return shown_; }

  /// `done` of 1; below 0 when nobody knows.
  void show(double done, const std::string& text);

  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  bool shown_;
  std::size_t width_ = 0; // of what is on the line
};

} // namespace revecho::stress
