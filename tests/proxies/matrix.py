"""Every framing through each proxy: every reply is right, and half-close, where a proxy does not pass it on, is found."""
import contextlib
import pathlib
import socket
import unittest

from proxies import (
    CountingServer, Haproxy, Load, Nginx, Proxy, Socat, Stunnel, needs, needs_nginx, program, wait_until)

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples"
SERVERS = ("revecho-sync-server", "revecho-async-server", "revecho-epoll-server")

# Clients, messages of each, of each connection, and further options.
LOADS = {
    "raw": [(20, 20, 20, "--size uniform:1..512"), (20, 20, 5, "--close reset")],
    "line": [(20, 100, 100, "--pipeline 32 --size uniform:1..200"), (2, 4, 4, "--size 1000KiB --pipeline 2"),
             (20, 20, 5, "--half-close --pipeline 5")],
    "length": [(20, 100, 100, "--pipeline 32 --size exp:4KiB"), (2, 4, 4, "--size 1MiB --pipeline 2"),
               (20, 20, 5, "--half-close"), (20, 20, 5, "--close reset --pipeline 5")],
    "eof": [(20, 4, 1, "--size exp:4KiB"), (2, 2, 1, "--size 1MiB")],
}

# A load whose clients half-close after the last of two messages.
HALF_CLOSED = ("--framing", "length", "--clients", "10", "--messages", "4", "--session", "2", "--half-close", "--reconnect")
MESSAGES, CONNECTIONS, FRAME = 40, 20, 4 + 64


class AnyProxy:
    """What each of them has to pass on. through(server) is the proxy in front of it."""

    def test_all_replies_are_right_in_every_framing(self):
        for program in SERVERS:
            for framing, loads in LOADS.items():
                with CountingServer("--framing", framing, program=program) as server, self.through(server) as proxy:
                    for load in loads:
                        with self.subTest(server=program, framing=framing, load=load):
                            self.check(server, proxy, framing, *load)

    def check(self, server, proxy, framing, clients, messages, session, options):
        sessions = ["--session", str(session)] if session < messages and framing != "eof" else []
        before = server.counts()
        with Load(proxy.port, "--framing", framing, "--clients", str(clients), "--messages", str(messages), *sessions,
                  *options.split()) as load:
            result = load.result()
        self.assertEqual((result.returncode, result.verified), (0, clients * messages), result)
        connections = clients * messages // session
        after = server.await_served(before["served"] + connections)
        self.assertEqual(after["bytes_sent"] - before["bytes_sent"], after["bytes_received"] - before["bytes_received"])
        if framing != "raw":  # in which messages may be joined and split
            self.assertEqual(after["messages"] - before["messages"], clients * messages)

    def check_lost(self, result, served, lost):
        """The server has answered everything, and so many replies did not get through, all of them last ones."""
        self.assertEqual(served["messages"], MESSAGES)
        self.assertGreater(lost, 0)
        self.assertLessEqual(lost, CONNECTIONS)
        self.assertEqual((result.lost, result.verified, result.returncode), (lost, MESSAGES - lost, 1), result)
        self.assertEqual((result.wrong_total(), result.late, result.connect_failed), (0, 0, 0), result)


@needs("haproxy")
class ThroughHaproxy(AnyProxy, unittest.TestCase):
    def through(self, server):
        return Haproxy(server)


@needs_nginx
class ThroughNginx(AnyProxy, unittest.TestCase):
    def through(self, server):
        return Nginx(server, lines=["proxy_half_close on;"])

    def test_replies_that_it_drops_after_a_half_close_are_reported_as_lost(self):
        with CountingServer("--framing", "length", "--delay", "50ms") as server, Nginx(server) as proxy, \
                Load(proxy.port, *HALF_CLOSED) as load:
            result = load.result()
            served = server.await_served(CONNECTIONS)
            rows = [line.split() for line in proxy.access_log()]
        received, sent = (sum(int(row[column]) for row in rows) for column in (-2, -1))
        self.assertEqual(received, MESSAGES * FRAME)
        self.check_lost(result, served, (received - sent) // FRAME)


@needs("socat")
class ThroughSocat(AnyProxy, unittest.TestCase):
    def through(self, server):
        return Socat(server)

    def test_replies_that_come_after_its_timeout_are_reported_as_lost(self):
        with CountingServer("--framing", "length", "--delay", "500ms") as server, \
                Socat(server, timeout=0.05) as proxy, Load(proxy.port, *HALF_CLOSED) as load:
            result = load.result()
            served = server.await_served(CONNECTIONS)
        self.check_lost(result, served, CONNECTIONS)


@needs("stunnel")
class ThroughStunnel(AnyProxy, unittest.TestCase):
    @contextlib.contextmanager
    def through(self, server):
        with Stunnel(server.port, is_client=False) as encrypted, Stunnel(encrypted.port, is_client=True) as proxy:
            yield proxy

class Documented(Proxy):
    """A proxy with a configuration of docs/examples, except that ports are its own, and files are in its directory."""

    def __init__(self, server, name, *command):
        super().__init__()
        text = (EXAMPLES / name).read_text()
        for documented, own in ((":7000", f":{self.port}"), (":6789", f":{server.port}"), ("/tmp/", f"{self.directory}/")):
            text = text.replace(documented, own)
        self.command = [program(command[0]), *command[1:], str(self.write(name, text))]

    def wait_until_ready(self):
        def listens():
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(listens, f"{self.command} listens")


class DocumentedConfigurations(unittest.TestCase):
    """Those of docs/PATHS.md."""

    def check(self, *command):
        with CountingServer("--framing", "length") as server, Documented(server, *command) as proxy, \
                Load(proxy.port, "--framing", "length", "--clients", "10", "--messages", "10", "--half-close") as load:
            result = load.result()
        self.assertEqual((result.returncode, result.verified), (0, 100), result)

    @needs("haproxy")
    def test_haproxy_passes_everything_on(self):
        self.check("haproxy.cfg", "haproxy", "-db", "-f")

    @needs_nginx
    def test_nginx_passes_everything_on(self):
        self.check("nginx.conf", "nginx", "-e", "stderr", "-c")


if __name__ == "__main__":
    unittest.main()
