// Shared parts of the fuzz targets. Each target is one file with one LLVMFuzzerTestOneInput(); fuzzer or replay.cpp
// calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace revecho::fuzz {

/// An input, taken apart from the front.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  /// The next byte; 0 after the end.
  unsigned byte() noexcept {
    if (rest_.empty()) return 0;
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }

  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

/// The bytes cut into chunks of 1 to 16, or up to 16 times as many, as the key says.
inline std::vector<std::string> chunks(std::string_view bytes, unsigned key) {
  std::vector<std::string> all;
  const std::size_t scale = key % 2 == 0 ? 1 : 16;
  for (std::uint32_t state = key; !bytes.empty();) {
    state = state * 1664525 + 1013904223; // any generator will do
    const std::size_t size = scale * (1 + (state >> 28));
    all.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(all.back().size());
  }
  return all;
}

/// Ends the program, and so the fuzzing, with what was found.
inline void demand(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

} // namespace revecho::fuzz
