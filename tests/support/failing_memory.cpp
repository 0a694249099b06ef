// A library that a test loads into a program: it counts what the program allocates, and lets one allocation fail. The
// environment variable FAILING_MEMORY names a file of 8 bytes that the test maps too: a positive number is how many
// allocations there are up to the one that fails, and the library counts it down to zero.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <malloc.h>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace {

std::atomic<std::int64_t>* map_countdown() {
  const char* const name = std::getenv("FAILING_MEMORY");
  const int file = name == nullptr ? -1 : ::open(name, O_RDWR | O_CLOEXEC);
  void* const place = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return place == MAP_FAILED ? nullptr : static_cast<std::atomic<std::int64_t>*>(place);
}

bool fails() {
  static std::atomic<std::int64_t>* const countdown = map_countdown();
  return countdown != nullptr && countdown->load() > 0 && countdown->fetch_sub(1) == 1;
}

} // namespace

void* operator new(std::size_t size) {
  void* const memory = fails() ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// What asio's operations are made of.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return fails() ? nullptr : ::memalign(alignment, size);
}
