// A library that a test loads into a program: it counts what the program allocates once main() has begun, and lets one
// allocation fail. The environment variable FAILING_MEMORY names a file of 8 bytes that the test maps too: a positive
// number is how many allocations there are up to the one that fails, and the library counts it down to zero. The
// program's children are left alone.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
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

using main_function = int (*)(int, char**, char**);

std::atomic<std::int64_t>* countdown = nullptr; // of main() and all that it calls
main_function program = nullptr;

bool fails() { return countdown != nullptr && countdown->load() > 0 && countdown->fetch_sub(1) == 1; }

int counted_main(int argc, char** argv, char** environment) {
  countdown = map_countdown();
  ::unsetenv("LD_PRELOAD");
  return program(argc, argv, environment);
}

} // namespace

// The caller of main(). Objects that are made before can fail, too, but nobody could catch that.
extern "C" int __libc_start_main(main_function main, int argc, char** argv, void (*initialise)(), void (*finish)(),
    void (*finish_loader)(), void* end_of_stack) {
  using starter = int (*)(main_function, int, char**, void (*)(), void (*)(), void (*)(), void*);
  const auto start = reinterpret_cast<starter>(::dlsym(RTLD_NEXT, "__libc_start_main"));
  program = main;
  return start(counted_main, argc, argv, initialise, finish, finish_loader, end_of_stack);
}

void* operator new(std::size_t size) {
  for (;;) {
    if (void* const memory = fails() ? nullptr : std::malloc(size)) return memory;
    const auto handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
