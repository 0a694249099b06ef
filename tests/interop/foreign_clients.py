"""ncat and socat as clients of our servers, in every framing."""
import os
import random
import select
import shutil
import struct
import subprocess
import time
import unittest

from processes import PATIENCE, TestCase, run

EVERY_BYTE = bytes(range(256))


def length_frame(payload):
    return struct.pack(">I", len(payload)) + payload


def read_exactly(size, pipe):
    """The next bytes that a process writes; fewer than size only if it ends."""
    deadline = time.monotonic() + PATIENCE
    result = b""
    while len(result) < size:
        ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"only {result!r} in {PATIENCE} s")
        if not (piece := os.read(pipe.fileno(), size - len(result))):
            break
        result += piece
    return result


class AnyClient:
    """What each of them must see. command(port) is the client that copies its stdin to the server, half-closes at the
    end of it, and copies the replies to its stdout until the server closes."""

    def check_exchange(self, framing, sent, expected):
        def check(port):
            result = run(*self.command(port), stdin=sent)
            self.assertEqual(result.stdout, expected)
            self.assertEqual(result.returncode, 0, result.stderr)

        self.on_every_server(framing, check)

    def test_a_raw_message_comes_back_reversed(self):
        self.check_exchange("raw", b"Hello Server!\n", b"\n!revreS olleH")

    def test_a_raw_message_may_be_any_bytes(self):
        self.check_exchange("raw", EVERY_BYTE, EVERY_BYTE[::-1])

    def test_a_raw_conversation_needs_no_half_close(self):
        def check(port):
            pipe = subprocess.PIPE
            with subprocess.Popen(self.command(port), stdin=pipe, stdout=pipe, bufsize=0) as client:
                try:
                    for message in (b"one", b"two\n", b"\0\xff", b"four"):
                        client.stdin.write(message)
                        self.assertEqual(read_exactly(len(message), client.stdout), message[::-1])
                    client.stdin.close()
                    self.assertEqual(read_exactly(1, client.stdout), b"")
                    self.assertEqual(client.wait(PATIENCE), 0)
                finally:
                    client.kill()

        self.on_every_server("raw", check)

    def test_each_line_comes_back_reversed_with_its_own_terminator(self):
        self.check_exchange("line", b"one\r\ntwo\n\nlast", b"eno\r\nowt\n\ntsal")

    def test_a_line_may_hold_nul_and_bytes_that_are_not_ascii(self):
        self.check_exchange("line", b"\0\x01\xfe\xff\n" * 1000, b"\xff\xfe\x01\0\n" * 1000)

    def test_each_length_frame_comes_back_reversed(self):
        messages = [b"abc", b"", EVERY_BYTE, b"\0\0\0\3"]
        self.check_exchange("length", b"".join(length_frame(m) for m in messages),
                            b"".join(length_frame(m[::-1]) for m in messages))

    def test_half_a_length_frame_gets_what_is_owed_before_it_and_no_more(self):
        self.check_exchange("length", length_frame(b"abc") + length_frame(b"abc")[:-1], length_frame(b"cba"))

    def test_an_eof_stream_comes_back_reversed_as_a_whole(self):
        self.check_exchange("eof", b"first\nsecond\n" + EVERY_BYTE, EVERY_BYTE[::-1] + b"\ndnoces\ntsrif")

    def test_an_eof_stream_of_1_MiB_comes_back_reversed(self):
        stream = random.Random(1).randbytes(1024 * 1024)
        self.check_exchange("eof", stream, stream[::-1])

    def test_nothing_sent_gets_nothing_in_any_framing(self):
        for framing in ("raw", "line", "length", "eof"):
            self.check_exchange(framing, b"", b"")


@unittest.skipUnless(shutil.which("ncat"), "ncat is not installed")
class Ncat(AnyClient, TestCase):
    def command(self, port):
        return "ncat", "127.0.0.1", str(port)

    def test_lines_that_ncat_ends_with_crlf_come_back_with_crlf(self):
        def check(port):
            result = run("ncat", "--crlf", "127.0.0.1", str(port), stdin=b"one\ntwo\n")
            self.assertEqual(result.stdout, b"eno\r\nowt\r\n")

        self.on_every_server("line", check)


@unittest.skipUnless(shutil.which("socat"), "socat is not installed")
class Socat(AnyClient, TestCase):
    def command(self, port):
        return "socat", f"-t{PATIENCE}", "-", f"TCP:127.0.0.1:{port}"

    def test_messages_that_arrive_byte_by_byte_come_back_whole(self):
        def check(port):
            result = run("socat", "-b1", *self.command(port)[1:], stdin=length_frame(EVERY_BYTE) + length_frame(b"abc"))
            self.assertEqual(result.stdout, length_frame(EVERY_BYTE[::-1]) + length_frame(b"cba"))

        self.on_every_server("length", check)


if __name__ == "__main__":
    unittest.main()
