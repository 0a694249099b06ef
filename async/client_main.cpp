// The client program.
#include "async/client.hpp"
#include "shared/options/client_options.hpp"
#include "shared/process/program.hpp"

int main(int argc, char** argv) {
  return revecho::run_program(revecho::async::client_name, [&] {
    revecho::async::client client(
        revecho::parse_client_options(revecho::twin::async, revecho::async::client_name, argc, argv));
    return client.run();
  });
}
