// For what a machine cannot show. ctest calls such a test skipped, and says why.
#pragma once

#include "tests/catch.hpp"

/// Ends the test, which has shown nothing.
#define SKIP_TEST(reason)                                                                                              \
  do {                                                                                                                 \
    WARN("skipped: " << (reason));                                                                                     \
    return;                                                                                                            \
  } while (false)

namespace revecho::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true; ///< a sanitizer has its own memory and its own allocator
#else
inline constexpr bool sanitized = false;
#endif

} // namespace revecho::test
