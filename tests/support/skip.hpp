// For what a machine cannot show. ctest calls such a test skipped, and says why.
#pragma once

#include "tests/support/catch.hpp"
#include "tests/support/sanitizer.hpp" // a frequent reason

/// Ends the test, which has shown nothing.
#define SKIP_TEST(reason)                                                                                              \
  do {                                                                                                                 \
    WARN("skipped: " << (reason));                                                                                     \
    return;                                                                                                            \
  } while (false)
