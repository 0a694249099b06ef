// revecho-async-client
#include "async/client.hpp"
#include "shared/client_options.hpp"
#include "shared/program.hpp"

int main(int argc, char** argv) {
  return revecho::run_program("revecho-async-client", [&] {
    revecho::async::client client(revecho::parse_client_options(revecho::twin::async, argc, argv));
    return client.run();
  });
}
