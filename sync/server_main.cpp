// The server program.
#include "sync/server.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/program.hpp"
#include "shared/process/signals.hpp"

int main(int argc, char** argv) {
  return revecho::run_program(revecho::sync::server_name, [&] {
    revecho::sync::server server(
        revecho::parse_server_options(revecho::twin::sync, revecho::sync::server_name, argc, argv));
    const revecho::stop_signals signals([&] { server.stop(); });
    return server.run();
  });
}
