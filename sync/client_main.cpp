// The client program.
#include "sync/client.hpp"
#include "shared/options/client_options.hpp"
#include "shared/process/program.hpp"

int main(int argc, char** argv) {
  return revecho::run_program(revecho::sync::client_name, [&] {
    revecho::sync::client client(
        revecho::parse_client_options(revecho::twin::sync, revecho::sync::client_name, argc, argv));
    return client.run();
  });
}
