// main() of the test programs, for Catch2 v2: v3 brings its own.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" // false, in <regex>, with the sanitizers of g++ 12
#endif
#define CATCH_CONFIG_MAIN
#include "tests/support/catch.hpp"
