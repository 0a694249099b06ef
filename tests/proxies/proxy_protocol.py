"""The PROXY protocol, versions 1 and 2, as haproxy and nginx speak it: towards our servers, and from revecho-stress."""
import collections
import re
import socket
import subprocess
import unittest

from proxies import PATIENCE, CountingServer, Haproxy, Load, Nginx, TestCase, needs, needs_nginx, program_directory

SERVERS = ("revecho-sync-server", "revecho-async-server", "revecho-epoll-server")
CLIENTS = 10
LOAD = ("--framing", "length", "--clients", str(CLIENTS), "--messages", "20", "--session", "5")
CONNECTIONS, MESSAGES = 4 * CLIENTS, 20 * CLIENTS


def needs_option(name, option):
    """Skips a test class with programs that do not have this option."""
    text = subprocess.run([program_directory() / name, "--help"], capture_output=True, text=True, timeout=PATIENCE).stdout
    return unittest.skipUnless(option in text, f"{name} has no {option}")


class Receiving:
    """ways(server) are proxies that send a header to the server."""

    def test_messages_after_a_header_are_answered(self):
        def check(server, proxy):
            with Load(proxy.port, *LOAD) as load:
                self.check_flawless(load.result(), server.await_served(CONNECTIONS)["messages"])

        self.on_every_way(check)

    def test_the_server_logs_the_address_of_the_client_not_of_the_proxy(self):
        def check(server, proxy):
            with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as client:
                client.sendall(b"\xff\xff\xff\xff")  # the length of a message that is too long
                self.assertEqual(client.recv(1), b"")
                address = "{}:{}".format(*client.getsockname())
            server.await_served(1)
            self.assertRegex(server.log(), f'{address}: .*"peer":"{address}"')

        self.on_every_way(check)

    def on_every_way(self, check):
        for program in SERVERS:
            for name, through in self.ways.items():
                with self.subTest(server=program, way=name), \
                        CountingServer("--framing", "length", "--proxy-protocol", program=program) as server, \
                        through(server) as proxy:
                    check(server, proxy)


@needs("haproxy")
@needs_option("revecho-epoll-server", "--proxy-protocol")
class FromHaproxy(Receiving, TestCase):
    ways = {option: lambda server, option=option: Haproxy(server, options=[option])
            for option in ("send-proxy", "send-proxy-v2")}

    def test_health_checks_without_a_message_do_not_disturb_a_load(self):
        with CountingServer("--framing", "length", "--proxy-protocol") as server, \
                Haproxy(server, options=["send-proxy-v2", "check", "inter 10ms", "fall 1000"]) as proxy, \
                Load(proxy.port, *LOAD) as load:
            self.check_flawless(load.result(), server.await_counts(lambda now: now["messages"] >= MESSAGES)["messages"])

    def test_health_checks_without_a_message_are_probes(self):
        def check(server, _):
            probes = server.await_counts(lambda counts: counts["probes"] >= 5)
            self.assertEqual((probes["served"], probes["connection_errors"]), (0, 0))

        self.ways = {"check": lambda server: Haproxy(server, options=["send-proxy-v2", "check", "inter 50ms"])}
        self.on_every_way(check)


@needs_nginx
@needs_option("revecho-epoll-server", "--proxy-protocol")
class FromNginx(Receiving, TestCase):
    ways = {"version 1": lambda server: Nginx(server, lines=["proxy_protocol on;"])}


class Sending:
    """accepting(server) is a proxy that requires a header."""

    def test_messages_after_a_header_are_answered(self):
        for version in ("v1", "v2"):
            with self.subTest(version=version), CountingServer("--framing", "length") as server, \
                    self.accepting(server) as proxy, Load(proxy.port, *LOAD, "--send-proxy", version) as load:
                self.check_flawless(load.result(), server.await_served(CONNECTIONS)["messages"])

    def test_a_load_without_a_header_is_not_answered(self):
        with CountingServer("--framing", "length") as server, self.accepting(server) as proxy, \
                Load(proxy.port, *LOAD) as load:
            result = load.result()
        self.assertEqual((result.verified, result.returncode), (0, 1), result)


@needs("haproxy")
@needs_option("revecho-stress", "--send-proxy")
class ToHaproxy(Sending, TestCase):
    def accepting(self, server):
        return Haproxy(server, binding="accept-proxy")


@needs_nginx
@needs_option("revecho-stress", "--send-proxy")
class ToNginx(Sending, TestCase):
    def accepting(self, server):
        return Nginx(server, listening="proxy_protocol")


@needs("haproxy")
@needs_option("revecho-epoll-server", "--proxy-protocol")
@needs_option("revecho-stress", "--send-proxy")
class Chain(TestCase):
    def test_headers_pass_through_two_proxies(self):
        with CountingServer("--framing", "length", "--proxy-protocol") as server, \
                Haproxy(server, binding="accept-proxy", options=["send-proxy-v2"]) as second, \
                Haproxy(second, binding="accept-proxy", options=["send-proxy"]) as first, \
                Load(first.port, *LOAD, "--send-proxy", "v2", "--source", "127.0.1.1-127.0.1.2") as load:
            self.check_flawless(load.result(), server.await_served(CONNECTIONS)["messages"])
            clients = re.findall(r"^([\d.]+):\d+ \[", second.log(), re.M)
        self.assertEqual(collections.Counter(clients), {"127.0.1.1": CONNECTIONS // 2, "127.0.1.2": CONNECTIONS // 2})


if __name__ == "__main__":
    unittest.main()
