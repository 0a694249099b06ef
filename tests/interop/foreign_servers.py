"""Our clients against servers that are not ours, and through a proxy that is not ours."""
import contextlib
import re
import shutil
import socket
import threading
import unittest

from processes import CLIENTS, PATIENCE, Process, Server, TestCase, run, wait_until


def serve_one_message_each(listener):
    """The server that a first lesson on sockets ends with: one read, one reply, close."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(PATIENCE)
            peer.sendall(peer.recv(1024)[::-1])


@contextlib.contextmanager
def python_server():
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        thread = threading.Thread(target=serve_one_message_each, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # ends its accept()
            thread.join(PATIENCE)


class PythonServer(TestCase):
    def on_every_client(self, check):
        for client in CLIENTS:
            with self.subTest(client=client), python_server() as port:
                check(client, port)

    def test_a_message_gets_its_reply(self):
        def check(client, port):
            result = run(client, "--to", f"127.0.0.1:{port}", "Hello Server!")
            self.assertEqual((result.stdout, result.stderr, result.returncode), (b"!revreS olleH\n", b"", 0))

        self.on_every_client(check)

    def test_100_messages_get_their_replies_in_the_order_of_the_messages(self):
        messages = [f"message {number}" for number in range(100)]

        def check(client, port):
            result = run(client, "--to", str(port), stdin="\n".join(messages).encode())
            self.assertEqual(result.stdout.decode().splitlines(), [message[::-1] for message in messages])
            self.assertEqual(result.returncode, 0, result.stderr)

        self.on_every_client(check)

    def test_a_message_of_all_that_this_server_reads_gets_its_reply(self):
        message = "".join(chr(ord("a") + i % 26) for i in range(1024))

        def check(client, port):
            result = run(client, "--to", str(port), message)
            self.assertEqual((result.stdout.decode(), result.returncode), (message[::-1] + "\n", 0), result.stderr)

        self.on_every_client(check)

    def test_a_longer_message_is_reported_as_not_answered(self):
        def check(client, port):
            result = run(client, "--to", str(port), "x" * 1025)
            self.assertEqual((result.stdout, result.returncode), (b"", 1))
            self.assertRegex(result.stderr.decode(), rf"127\.0\.0\.1:{port}: .*(missing|lost): .* of 1025 bytes")

        self.on_every_client(check)


class Socat(Process):
    """socat listening on a free port of 127.0.0.1 and passing each connection on to an address of its own syntax."""

    def __init__(self, address):
        self.port = None
        # Each -d adds a level of log; the second makes it name its port.
        super().__init__("socat", "-d", "-d", f"-t{PATIENCE}", "TCP-LISTEN:0,bind=127.0.0.1,fork", address)

    def wait_until_ready(self):
        found = wait_until(lambda: re.search(r"listening on .*:(\d+)\n", self.log()), "socat listens")
        self.port = int(found.group(1))


@unittest.skipUnless(shutil.which("socat"), "socat is not installed")
class SocatServer(TestCase):
    def test_a_message_gets_its_reply_through_a_proxy_in_every_framing(self):
        for server_program, client in zip(("revecho-sync-server", "revecho-async-server"), CLIENTS):
            for framing in ("raw", "line", "length", "eof"):
                with self.subTest(client=client, framing=framing), \
                        Server(server_program, "--framing", framing) as server, \
                        Socat(f"TCP:127.0.0.1:{server.port}") as proxy:
                    result = run(client, "--framing", framing, "--to", str(proxy.port), "Hello", "Server!")
                    self.assertEqual((result.stdout, result.stderr, result.returncode), (b"olleH\n!revreS\n", b"", 0))

    @unittest.skipUnless(shutil.which("rev"), "there is no rev here")
    def test_an_eof_message_gets_its_reply_from_rev(self):
        for client in CLIENTS:
            with self.subTest(client=client), Socat("EXEC:rev") as server:
                result = run(client, "--framing", "eof", "--to", str(server.port), "Hello", "Server!")
                self.assertEqual((result.stdout, result.stderr, result.returncode), (b"olleH\n!revreS\n", b"", 0))

    def test_a_server_that_does_not_reverse_is_found_out(self):
        for client in CLIENTS:
            for framing in ("raw", "line", "length", "eof"):
                with self.subTest(client=client, framing=framing), Socat("EXEC:cat") as server:
                    result = run(client, "--framing", framing, "--to", str(server.port), "Hello")
                    self.assertEqual((result.stdout, result.returncode), (b"", 1))
                    self.assertIn(b"wrong reply", result.stderr)


if __name__ == "__main__":
    unittest.main()
