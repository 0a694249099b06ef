"""Time-outs and limits of proxies: idle connections that they close, replies that they do not wait for, and queues."""
import re
import unittest

from proxies import CountingServer, Haproxy, Load, Nginx, TestCase, needs, needs_nginx

CLIENTS = 6


def load(port, *options):
    return Load(port, "--framing", "length", "--clients", str(CLIENTS), *options)


class TimeOuts:
    """limited(server, seconds) is a proxy that lets a connection be silent for so long. closed(proxy) is how many it has
    closed because of that, by its own count."""

    def test_idle_connections_that_it_closes_are_counted_and_no_outage(self):
        with CountingServer("--framing", "length") as server, self.limited(server, 1) as proxy, \
                load(proxy.port, "--messages", "2", "--think", "2500ms", "--reconnect") as stress:
            result = stress.result()
            server.await_quiet()
            closed = self.closed(proxy)
        self.assertEqual((result.returncode, result.verified, result.lost, result.outages), (0, 2 * CLIENTS, 0, []), result)
        self.assertEqual(closed, 2 * CLIENTS)
        self.assertEqual(result.closed_idle, closed, result)

    def test_a_reply_that_it_does_not_wait_for_is_lost(self):
        with CountingServer("--framing", "length", "--delay", "2s") as server, self.limited(server, 0.5) as proxy, \
                load(proxy.port, "--messages", "2", "--reconnect") as stress:
            result = stress.result()
            server.await_served(2 * CLIENTS)
            closed = self.closed(proxy)
        self.assertEqual((result.verified, result.lost, result.closed_idle), (0, 2 * CLIENTS, 0), result)
        self.assertEqual(closed, result.lost)


@needs("haproxy")
class OfHaproxy(TimeOuts, TestCase):
    def limited(self, server, seconds):
        return Haproxy(server, lines=[f"timeout {side} {round(1000 * seconds)}ms" for side in ("client", "server")])

    def closed(self, proxy):
        return len([end for end in proxy.ends() if end in ("cD", "sD")])


@needs_nginx
class OfNginx(TimeOuts, TestCase):
    def limited(self, server, seconds):
        return Nginx(server, lines=[f"proxy_timeout {round(1000 * seconds)}ms;"])

    def closed(self, proxy):
        return len(re.findall(r"^.* timed out.*$", proxy.log(), re.M))


@needs("haproxy")
class Queues(TestCase):
    def test_clients_that_never_leave_the_queue_are_reported_as_unserved(self):
        for name, limit in (("of the server", {"options": ["maxconn 2"]}), ("of the proxy", {"lines": ["maxconn 2"]})):
            with self.subTest(limit=name), CountingServer("--framing", "length", "--delay", "1ms") as server, \
                    Haproxy(server, **limit) as proxy, load(proxy.port, "--duration", "10m") as stress:
                server.await_messages(200)
                accepted = server.counts()["accepted"]
                result = stress.finish()
            self.assertEqual(accepted, 2)
            self.assertEqual((result.fairness["never_served"], result.fairness["never_served_by_chance"]),
                             (CLIENTS - 2, False), result)
            self.assertIn("4 of 6 clients had no reply", result.text)

    def test_waiting_in_the_queue_shows_in_the_first_reply(self):
        with CountingServer("--framing", "length", "--delay", "5ms") as server, \
                Haproxy(server, options=["maxconn 2"]) as proxy, \
                load(proxy.port, "--messages", "50", "--session", "5") as stress:
            result = stress.result()
            server.await_served(10 * CLIENTS)
            most = proxy.statistic("smax", "s1")
            timers = re.findall(r" path/s1 (\d+)/\d+/(\d+) ", proxy.log())
        self.check_flawless(result, 50 * CLIENTS)
        self.assertEqual((most, len(timers)), ("2", 10 * CLIENTS))
        queued, all_of_it = (sum(map(int, times)) / len(times) for times in zip(*timers))  # milliseconds
        self.assertGreater(queued, 25)  # somebody else's session at least
        first_reply = result.latency_us["first_reply"]
        if first_reply["count"] < len(timers):
            self.skipTest("the load tool itself stood still, and left out what it could not measure")
        mean = first_reply["mean"] / 1000
        self.assertTrue(queued < mean < all_of_it, (queued, mean, all_of_it, str(result)))

    def test_a_message_whose_connection_was_too_long_in_the_queue_is_lost(self):
        with CountingServer("--framing", "length", "--delay", "400ms") as server, \
                Haproxy(server, options=["maxconn 2"], lines=["timeout queue 200ms"]) as proxy, \
                load(proxy.port, "--messages", "3", "--reconnect") as stress:
            result = stress.result()
            server.await_quiet()
            ends = proxy.ends()
        self.assertEqual(result.verified + result.lost, 3 * CLIENTS, result)
        self.assertGreater(result.lost, 0)
        self.assertEqual(result.lost, ends.count("sQ"), result)


if __name__ == "__main__":
    unittest.main()
