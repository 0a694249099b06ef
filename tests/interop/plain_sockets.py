"""Clients made of nothing but Python's sockets, blocking and asyncio, against our servers."""
import asyncio
import contextlib
import socket
import sys
import unittest

from processes import CLIENTS, PATIENCE, Process, Server, TestCase, program_directory, run, wait_until

HELLO = b"Hello Server!\n"
HELLO_REVERSED = b"\n!revreS olleH"


def connect(port, host="127.0.0.1"):
    return socket.create_connection((host, port), timeout=PATIENCE)


def receive(peer, size):
    """Exactly size bytes; fewer only if the server closes."""
    result = b""
    while len(result) < size and (piece := peer.recv(size - len(result))):
        result += piece
    return result


def receive_all(peer):
    return receive(peer, 1 << 30)


def has_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def ask(port, messages, framed):
    """One connection: all messages at once, then all replies. Returns the wrong ones."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"".join(framed(m) for m in messages))
        await writer.drain()
        replies = [await reader.readexactly(len(framed(m))) for m in messages]
    finally:
        writer.close()
        await writer.wait_closed()
    return [reply for message, reply in zip(messages, replies) if reply != framed(message[::-1])]


async def ask_all(port, clients, messages_each, framed):
    """Many connections at once, no two messages equal. Returns the wrong replies of all of them."""
    def messages_of(client):
        return [b"client %d message %d" % (client, number) for number in range(messages_each)]

    questions = (ask(port, messages_of(client), framed) for client in range(clients))
    wrong = await asyncio.wait_for(asyncio.gather(*questions), PATIENCE)
    return sum(wrong, [])


class Clients(TestCase):
    def test_hello_server_comes_back_reversed(self):
        def check(port):
            with connect(port) as peer:
                peer.sendall(HELLO)
                self.assertEqual(receive(peer, len(HELLO)), HELLO_REVERSED)

        self.on_every_server("raw", check)

    def test_a_second_message_on_the_same_connection_comes_back_reversed_too(self):
        def check(port):
            with connect(port) as peer:
                for message in (HELLO, b"a", b"\0" * 100 + b"\xff"):
                    peer.sendall(message)
                    self.assertEqual(receive(peer, len(message)), message[::-1])

        self.on_every_server("raw", check)

    def test_the_server_closes_after_a_half_close(self):
        def check(port):
            with connect(port) as peer:
                peer.sendall(HELLO)
                peer.shutdown(socket.SHUT_WR)
                self.assertEqual(receive_all(peer), HELLO_REVERSED)

        self.on_every_server("raw", check)

    def test_a_client_that_leaves_without_a_word_does_not_disturb_the_next(self):
        def check(port):
            connect(port).close()
            with connect(port) as rude:
                rude.sendall(HELLO)  # and closes without reading
            with connect(port) as peer:
                peer.sendall(HELLO)
                self.assertEqual(receive(peer, len(HELLO)), HELLO_REVERSED)

        self.on_every_server("raw", check)

    def test_a_line_in_two_pieces_is_one_message(self):
        def check(port):
            with connect(port) as peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer.sendall(b"one\nHello ")
                self.assertEqual(receive(peer, 4), b"eno\n")
                peer.sendall(b"Server!\n")
                self.assertEqual(receive(peer, 14), b"!revreS olleH\n")

        self.on_every_server("line", check)

    @unittest.skipUnless(has_ipv6_loopback(), "this machine has no ::1")
    def test_hello_server_comes_back_reversed_over_ipv6(self):
        def check(port):
            with connect(port, "::1") as peer:
                peer.sendall(HELLO)
                self.assertEqual(receive(peer, len(HELLO)), HELLO_REVERSED)

        self.on_every_server("raw", check, host="[::1]")

    def test_200_asyncio_clients_at_once_each_get_their_own_reply(self):
        self.on_every_server("raw", lambda port: self.assertEqual(asyncio.run(ask_all(port, 200, 1, bytes)), []))

    def test_50_asyncio_clients_with_100_lines_each_get_their_own_replies_in_order(self):
        def framed(message):
            return message + b"\n"

        self.on_every_server("line", lambda port: self.assertEqual(asyncio.run(ask_all(port, 50, 100, framed)), []))


class DefaultServer(Process):
    """A server started without any option. Where it cannot have its port, it is over, with the reason in its log."""

    port = 6789

    def wait_until_ready(self):
        wait_until(lambda: self.is_over() or "listening on 127.0.0.1:6789\n" in self.log(), f"{self.command} listens")

    def is_over(self):
        return self.process.poll() is not None


@contextlib.contextmanager
def default_server(program):
    """On port 6789; on a free port where another process, maybe a user's own server, has that one."""
    with DefaultServer(program_directory() / program) as server:
        if not server.is_over():
            yield server
            return
        if "Address already in use" not in server.log():
            raise AssertionError(f"{program} ended at once: {server.log()}")
    print(f"port 6789 is taken, so {program} listens on a free one instead", file=sys.stderr)
    with Server(program) as server:
        yield server


class DefaultPort(TestCase):
    def test_a_server_without_options_reverses_what_a_plain_socket_sends(self):
        for program in ("revecho-sync-server", "revecho-async-server"):
            with self.subTest(server=program), default_server(program) as server, connect(server.port) as peer:
                peer.sendall(HELLO)
                self.assertEqual(receive(peer, len(HELLO)), HELLO_REVERSED)

    def test_a_client_without_options_finds_a_server_without_options(self):
        for program in ("revecho-sync-server", "revecho-async-server"):
            with default_server(program) as server:
                for client in CLIENTS:
                    with self.subTest(server=program, client=client):
                        options = [] if server.port == 6789 else ["--to", str(server.port)]
                        result = run(client, *options, "Hello Server!")
                        self.assertEqual((result.stdout, result.returncode), (b"!revreS olleH\n", 0), result.stderr)


if __name__ == "__main__":
    unittest.main()
