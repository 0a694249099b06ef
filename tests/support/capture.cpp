#include "tests/support/capture.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <unistd.h>

namespace revecho::testing {
namespace {

void flush_streams() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

int temporary_file() {
  std::string name = "/tmp/revecho-test-XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) throw std::system_error(errno, std::system_category(), "mkstemp");
  ::unlink(name.c_str());
  return file;
}

} // namespace

captured::captured(int descriptor) : descriptor_(descriptor), original_(-1), file_(temporary_file()) {
  flush_streams();
  original_ = ::dup(descriptor_);
  ::dup2(file_, descriptor_);
}

std::string captured::text() {
  flush_streams();
  std::string result;
  std::array<char, 4096> buffer;
  ::lseek(file_, 0, SEEK_SET);
  for (ssize_t size = 0; (size = ::read(file_, buffer.data(), buffer.size())) > 0;)
    result.append(buffer.data(), static_cast<std::size_t>(size));
  release();
  return result;
}

void captured::release() {
  if (original_ < 0) return;
  flush_streams();
  ::dup2(original_, descriptor_);
  ::close(original_);
  ::close(file_);
  original_ = -1;
}

} // namespace revecho::testing
