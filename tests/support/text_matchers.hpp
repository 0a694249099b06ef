// Matchers for text, by the names they have in both versions of Catch2.
#pragma once

#include "tests/support/catch.hpp"

#include <string>

namespace revecho::test {

using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
#if __has_include(<catch2/catch_all.hpp>)
using Catch::Approx;
#endif

inline auto contains(const std::string& text) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(text);
#else
  return Catch::Matchers::Contains(text);
#endif
}

} // namespace revecho::test
