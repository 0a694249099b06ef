// Programs of ours as child processes: where they are, and how they start.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace revecho::compare {

/// Starts `program` of the folder this program is in, on these processors only unless there are none; what it writes to
/// stderr goes to `log`, and what to stdout nowhere. An interrupt at the terminal does not reach it, and the end of the
/// thread that has started it kills it (on Linux). Throws std::system_error.
pid_t start_child(const std::string& program, std::vector<std::string> arguments, const std::filesystem::path& log,
    const std::vector<int>& cpus);

/// A folder of its own, for files of children, that goes with its owner.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The end of a file: why a program failed is in its last lines.
std::string last_lines(const std::filesystem::path&);

} // namespace revecho::compare
