// A library that a test loads into a program: name resolution as a file says, which REVECHO_NAMES points to and which
// may change meanwhile. Each line has a name, the milliseconds that its look-up takes, and its addresses, none if there
// are none. Each look-up of such a name adds the name to the file beside it that ends in `.asked`.
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

// The rest of the line of that name.
bool find(const std::string& file, const std::string& name, std::istringstream& rest) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + ' ')) continue;
    rest.str(line.substr(name.size()));
    return true;
  }
  return false;
}

} // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto original = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const char* const file = std::getenv("REVECHO_NAMES");
  std::istringstream rest;
  const bool numeric = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (numeric || file == nullptr || node == nullptr || !find(file, node, rest))
    return original(node, service, hints, result);
  std::ofstream(file + std::string(".asked"), std::ios::app) << node << '\n';
  unsigned milliseconds = 0;
  rest >> milliseconds;
  ::usleep(1000 * milliseconds);
  addrinfo** end = result;
  *end = nullptr;
  for (std::string address; rest >> address; end = &(*end)->ai_next) {
    const int failure = original(address.c_str(), service, hints, end);
    if (failure != 0) return failure;
  }
  return *result == nullptr ? EAI_NONAME : 0;
}
