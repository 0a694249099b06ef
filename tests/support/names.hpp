// Names that resolve as a test says, for the programs that it starts. Knows no test framework.
#pragma once

#include "tests/support/build.hpp"
#include "tests/support/environment.hpp"
#include "tools/child.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

namespace revecho::test {

class names {
 public:
  /// A line for each name: the name, the milliseconds that its look-up takes, and its addresses. May change while a
  /// program runs: a look-up finds the lines before or those after.
  void set(const std::string& lines) const {
    const auto next = path() + ".next";
    std::ofstream(next) << lines;
    std::filesystem::rename(next, path());
  }

  /// For the script of a shell that becomes the program.
  std::string loading() const {
    return test::loading(library_path("scripted_names")) + " REVECHO_NAMES='" + path() + "'";
  }

  /// Look-ups that have begun so far.
  std::size_t asked() const {
    std::ifstream asked(path() + ".asked");
    std::size_t count = 0;
    for (std::string name; std::getline(asked, name);)
      ++count;
    return count;
  }

 private:
  std::string path() const { return folder_.path() + "/names"; }

  temporary_folder folder_;
};

} // namespace revecho::test
