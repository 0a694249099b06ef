// Sanitizers that the programs are built with. (The tests that drive them need not be: see CMakeLists.txt.)
#pragma once

namespace revecho::test {

#if defined(PROGRAMS_WITH_ASAN)
inline constexpr bool asan = true;
#else
inline constexpr bool asan = false;
#endif

#if defined(PROGRAMS_WITH_TSAN)
inline constexpr bool tsan = true;
#else
inline constexpr bool tsan = false;
#endif

inline constexpr bool sanitized = asan || tsan; ///< a sanitizer has its own memory and its own allocator

} // namespace revecho::test
