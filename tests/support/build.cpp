#include "tests/support/build.hpp"

namespace revecho::test {

std::string program_directory() { return PROGRAM_DIRECTORY; }

std::string library_path(const std::string& name) { return LIBRARY_DIRECTORY "/lib" + name + ".so"; }

} // namespace revecho::test
