// The decoder without a socket: bytes in, messages out. TCP knows no messages: a read may return half of one, or two.
#include "shared/protocol/decoder.hpp"
#include "shared/protocol/encoder.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

int main() {
  std::array<std::string, 3> reads{"Hel", "lo\nHow are", " you?\nBye\n"};
  revecho::decoder messages(revecho::framing::line, 1024);
  for (std::string& bytes : reads) {
    messages.receive(bytes);
    revecho::encoder replies;
    replies.add_all(messages); // reverses each complete message where it lies
    fmt::print("a read of {} bytes: {} complete\n", bytes.size(), replies.messages());
    for (const auto piece : replies.pending())
      fmt::print("{}", std::string_view(piece.data(), piece.size()));
    messages.release();
  }
}
