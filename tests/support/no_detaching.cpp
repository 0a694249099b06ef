// A library that a test loads into a program, which ends when it detaches a thread.
#include <cstdlib>
#include <pthread.h>

extern "C" int pthread_detach(pthread_t) { std::abort(); }
