// revecho-sync-client
#include "sync/client.hpp"
#include "shared/client_options.hpp"
#include "shared/program.hpp"

int main(int argc, char** argv) {
  return revecho::run_program("revecho-sync-client", [&] {
    revecho::sync::client client(revecho::parse_client_options(revecho::twin::sync, argc, argv));
    return client.run();
  });
}
