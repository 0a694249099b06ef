// revecho-async-server
#include "async/server.hpp"
#include "shared/program.hpp"
#include "shared/server_options.hpp"
#include "shared/signals.hpp"

int main(int argc, char** argv) {
  return revecho::run_program("revecho-async-server", [&] {
    revecho::async::server server(revecho::parse_server_options(revecho::twin::async, argc, argv));
    const revecho::stop_signals signals([&] { server.stop(); });
    return server.run();
  });
}
