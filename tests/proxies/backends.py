"""One of the servers behind haproxy drains, is shut down, freezes, or dies: revecho-stress says whose clients that was."""
import contextlib
import signal
import time
import unittest

from proxies import TOLERANCE, CountingServer, Haproxy, Load, TestCase, kill_all, needs, run, wait_until

CLIENTS = 10
LOAD = ("--framing", "length", "--clients", str(CLIENTS), "--duration", "10m", "--reconnect", "--outage", "500ms")
SERVER = ("--framing", "length", "--delay", "5ms")


@contextlib.contextmanager
def two_servers(*load, lines=("balance roundrobin",), options=()):
    """Yields two servers, haproxy in front of them, and a load through it, once both have answered."""
    with CountingServer(*SERVER) as first, CountingServer(*SERVER) as second, \
            Haproxy(first, second, lines=lines, options=options) as proxy, Load(proxy.port, *LOAD, *load) as load:
        first.await_messages()
        second.await_messages()
        yield first, second, proxy, load


# As often as haproxy can. A check has failed if it took longer than their interval, so many may fail on a busy machine.
CHECKS = ("check", "inter 10ms", "fall 1000")


def checks_end(proxy):
    """How the last check of each of two servers ended, in haproxy's words."""
    return [proxy.statistic("check_status", server).removeprefix("* ") for server in ("s1", "s2")]


def unread_at(port):
    """How many bytes lie in the kernel for those who serve this port."""
    lines = run("ss", "-tnH", "state", "established", f"sport = :{port}").stdout.splitlines()
    return sum(int(line.split()[0]) for line in lines)


@needs("haproxy")
class TwoServers(TestCase):
    def test_draining_one_loses_nothing(self):
        with two_servers("--session", "5") as (first, second, proxy, load):
            proxy.tell("set server path/s1 state drain")
            wait_until(lambda: proxy.connections_at("s1") == 0, "s1 has no connections")
            drained = first.await_quiet()
            second.await_messages()
            result = load.finish()
            self.assertEqual(first.counts()["accepted"], drained["accepted"])
            answered = first.stop()["messages"] + second.stop()["messages"]
        self.check_flawless(result, answered)

    def test_connections_that_an_operator_shuts_down_cost_one_message_each(self):
        with two_servers() as (first, second, proxy, load):
            proxy.tell("set server path/s1 state maint")
            proxy.tell("shutdown sessions server path/s1")
            wait_until(lambda: proxy.connections_at("s2") == CLIENTS, "all clients are at s2")
            second.await_messages()
            killed = [end for end in proxy.ends() if end.startswith("K")]
            result = load.finish()
        self.assertEqual(len(killed), CLIENTS // 2)
        self.assertEqual(result.lost + result.closed_idle, len(killed), result)
        self.assertEqual((result.wrong_total(), result.late, result.connect_failed), (0, 0, 0), result)

    def test_a_frozen_one_is_an_outage_of_its_clients_alone(self):
        with two_servers() as (first, second, proxy, load):
            stuck = proxy.connections_at("s1")
            before = time.time()
            first.process.send_signal(signal.SIGSTOP)
            try:
                frozen = time.time()
                time.sleep(1.5)  # the outage
                second.await_messages()
                thawing = time.time()
            finally:
                first.process.send_signal(signal.SIGCONT)
            first.await_messages()
            after = time.time()
            result = load.finish()
            answered = first.stop()["messages"] + second.stop()["messages"]
        self.assertEqual(stuck, CLIENTS // 2)
        outage, = result.outages
        self.assertEqual((outage["connections"], outage["whole_path"], outage["lost"]), (stuck, False, 0), result)
        (begin, end), = result.outage_times()
        self.assertTrue(before - TOLERANCE < begin < frozen + TOLERANCE, (begin, before, frozen, str(result)))
        self.assertTrue(thawing - TOLERANCE < end < after + TOLERANCE, (end, thawing, after, str(result)))
        self.check_flawless(result, answered)

    @needs("ss")
    def test_a_frozen_one_is_no_outage_of_a_client_that_is_silent_meanwhile(self):
        alternating = ("--framing", "length", "--clients", "2", "--rate", "0.5", "--duration", "10m", "--outage", "200ms")
        with CountingServer("--framing", "length") as first, CountingServer("--framing", "length") as second, \
                Haproxy(first, second, lines=["balance roundrobin"]) as proxy, \
                Load(proxy.port, *alternating) as load:
            first.await_messages(1)
            first.process.send_signal(signal.SIGSTOP)
            try:
                wait_until(lambda: unread_at(first.port), "the frozen server is asked")
                time.sleep(0.3)  # the outage; the turn of the other client is after two seconds
            finally:
                first.process.send_signal(signal.SIGCONT)
            first.await_messages(1)
            result = load.finish()
        outage, = result.outages
        if outage["duration_s"] > 1.5:
            self.skipTest("the machine was too slow: the other client had its turn meanwhile")
        self.assertEqual((outage["connections"], outage["lost"]), (1, 0), result)
        self.assertFalse(outage["whole_path"], result)

    def test_one_that_dies_costs_a_message_for_each_connection_that_breaks(self):
        checks = ["check", "inter 200ms", "on-marked-down shutdown-sessions"]
        with two_servers(lines=["balance roundrobin", "option redispatch 1"], options=checks) as (first, second, proxy, load):
            self.assertEqual(proxy.connections_at("s1"), CLIENTS // 2)
            kill_all(first)
            wait_until(lambda: proxy.connections_at("s2") == CLIENTS, "all clients are at s2")
            second.await_messages()
            broken = len(proxy.ends())
            result = load.finish()
            first.start()  # which its `with` ends
        self.assertGreaterEqual(broken, CLIENTS // 2)  # or more, if somebody connected again too soon
        self.assertEqual(result.lost + result.closed_idle, broken, result)
        self.assertEqual((result.wrong_total(), result.late, result.connect_failed), (0, 0, 0), result)

    def test_health_checks_by_connecting_do_not_disturb_a_load(self):
        with two_servers("--session", "5", options=CHECKS) as (first, second, proxy, load):
            for server in (first, second):
                server.await_messages(500)
            wait_until(lambda: checks_end(proxy) == ["L4OK", "L4OK"], "haproxy has checked the servers")
            result = load.finish()
            answered = first.stop()["messages"] + second.stop()["messages"]
        self.check_flawless(result, answered)

    def test_health_checks_with_a_message_do_not_disturb_a_load(self):
        asks = ["option tcp-check", "tcp-check send-binary 000000036f6e65", "tcp-check expect binary 00000003656e6f"]
        with two_servers("--session", "5", lines=asks, options=CHECKS) as (first, second, proxy, load):
            def checks():
                connections = int(proxy.statistic("stot", "BACKEND"))
                return first.counts()["accepted"] + second.counts()["accepted"] - connections

            wait_until(lambda: checks() > 100, "haproxy has often checked the servers")
            wait_until(lambda: checks_end(proxy) == ["L7OK", "L7OK"], "haproxy has found the servers well")
            self.check_flawless(load.finish())


@needs("haproxy")
class OneServer(TestCase):
    """Dead for a second. The proxy lives, so clients can connect all the time."""

    def check_outage(self, **proxy_options):
        with CountingServer(*SERVER) as server, Haproxy(server, **proxy_options) as proxy, Load(proxy.port, *LOAD) as load:
            server.await_messages()
            before = time.time()
            kill_all(server)
            gone = time.time()
            time.sleep(1)  # the outage
            back = time.time()
            server.start()
            server.await_counts(lambda counts: counts["open"] == CLIENTS)
            server.await_messages()
            after = time.time()
            ends = proxy.ends()
            result = load.finish()
        outage, = result.outages
        (begin, end), = result.outage_times()
        self.assertTrue(before - TOLERANCE < begin < gone + TOLERANCE, (begin, before, gone, str(result)))
        self.assertTrue(back - TOLERANCE < end < after + TOLERANCE, (end, back, after, str(result)))
        self.assertEqual((outage["whole_path"], outage["connections"]), (True, CLIENTS), result)
        self.assertEqual(outage["lost"], result.lost, result)
        self.assertEqual((result.wrong_total(), result.late, result.connect_failed), (0, 0, 0), result)
        self.assertEqual(result.lost + result.closed_idle, len(ends), result)
        return ends

    def test_its_death_is_an_outage_of_the_whole_path(self):
        ends = self.check_outage(lines=["retries 30"])  # one a second, while the client waits
        self.assertEqual(ends.count("SC"), 0)

    def test_each_connection_that_the_proxy_closes_meanwhile_costs_a_message(self):
        ends = self.check_outage(lines=["retries 0"])
        self.assertGreater(ends.count("SC"), CLIENTS)


if __name__ == "__main__":
    unittest.main()
