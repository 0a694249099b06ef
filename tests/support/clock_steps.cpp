// A library that a test loads into a program: the wall clock steps back and forth by a day each time it is read. The
// steady clocks go on as ever.
#include <ctime>
#include <dlfcn.h>

#include <atomic>

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  using function = int (*)(clockid_t, timespec*);
  static const auto original = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "clock_gettime"));
  static std::atomic<unsigned> readings = 0;
  constexpr time_t day = 24 * 60 * 60;
  const int result = original(clock, time);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += readings++ % 2 == 0 ? day : -day;
  return result;
}
