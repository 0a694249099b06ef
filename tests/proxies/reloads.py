"""Proxies that are reloaded, stopped and killed under load: what revecho-stress says of it is what was done to them."""
import time
import unittest

from proxies import TOLERANCE, CountingServer, Haproxy, Load, Nginx, TestCase, kill_all, needs, needs_nginx, wait_until

CLIENTS = 10
# It goes on until it is interrupted. Each message takes some milliseconds, so one of each client is always under way.
LOAD = ("--framing", "length", "--clients", str(CLIENTS), "--duration", "10m", "--reconnect", "--outage", "500ms")
SERVER = ("--framing", "length", "--delay", "5ms")


class AnyProxy:
    """proxy(server, cuts) is a proxy that gives old connections 200 ms after a reload, if `cuts`, or as long as they
    like. reload(proxy) returns when the new configuration is in force, await_end(proxy, ...) when the old process has
    ended; killed(proxy) is how many connections it had then, by its own count."""

    def test_a_reload_loses_nothing_of_short_sessions(self):
        with CountingServer(*SERVER) as server, self.proxy(server) as proxy, \
                Load(proxy.port, *LOAD, "--session", "5") as load:
            for _ in range(3):
                server.await_messages()
                self.await_end(proxy, self.reload(proxy))
            server.await_messages()
            result = load.finish()
            counted = server.stop()
        self.check_flawless(result, counted["messages"])
        self.assertGreater(counted["accepted"], CLIENTS)

    def test_a_reload_lets_old_connections_live(self):
        with CountingServer(*SERVER) as server, self.proxy(server) as proxy, Load(proxy.port, *LOAD) as load:
            server.await_messages()
            old = self.reload(proxy)
            server.await_messages()
            result = load.finish()
            self.await_end(proxy, old)
            counted = server.stop()
        self.check_flawless(result, counted["messages"])
        self.assertEqual(counted["accepted"], CLIENTS)

    def test_a_reload_that_cuts_old_connections_costs_each_client_one_message(self):
        with CountingServer(*SERVER) as server, self.proxy(server, cuts=True) as proxy, Load(proxy.port, *LOAD) as load:
            server.await_messages()
            self.await_end(proxy, self.reload(proxy))
            killed = self.killed(proxy)
            server.await_messages()
            result = load.finish()
        self.assertEqual(killed, CLIENTS)
        self.assertEqual(result.lost + result.closed_idle, killed, result)
        self.assertEqual((result.wrong_total(), result.late, result.connect_failed), (0, 0, 0), result)
        self.assertEqual(sum(o["lost"] for o in result.outages), result.lost, result)

    def test_a_proxy_that_is_killed_and_started_again_is_an_outage_of_the_whole_path(self):
        with CountingServer(*SERVER) as server, self.proxy(server) as proxy, Load(proxy.port, *LOAD) as load:
            server.await_messages()
            before = time.time()
            kill_all(proxy)
            gone = time.time()
            time.sleep(1)  # the outage
            back = time.time()
            proxy.start()
            server.await_messages()
            after = time.time()
            result = load.finish()
        (begin, end), = result.outage_times()
        self.assertTrue(before - TOLERANCE < begin < gone + TOLERANCE, (begin, before, gone, str(result)))
        self.assertTrue(back - TOLERANCE < end < after + TOLERANCE, (end, back, after, str(result)))
        outage, = result.outages
        self.assertEqual((outage["whole_path"], outage["connections"]), (True, CLIENTS), result)
        self.assertEqual(outage["lost"], result.lost)
        # More, if somebody connected again, and sent, before all of the proxy's sockets were closed.
        self.assertGreaterEqual(result.lost + result.closed_idle, CLIENTS, result)
        self.assertGreaterEqual(result.connect_failed, CLIENTS, result)


@needs("haproxy")
class OfHaproxy(AnyProxy, TestCase):
    def proxy(self, server, cuts=False):
        return Haproxy(server, settings=["hard-stop-after 200ms"] if cuts else [])

    def reload(self, proxy):
        return proxy.reload()

    def await_end(self, proxy, old):
        wait_until(lambda: old.poll() is not None, "the old process ends")

    def killed(self, proxy):
        return len([end for end in proxy.ends() if end.startswith("K")])


@needs_nginx
class OfNginx(AnyProxy, TestCase):
    def proxy(self, server, cuts=False):
        return Nginx(server, main=["worker_shutdown_timeout 200ms;"] if cuts else [])

    def reload(self, proxy):
        return proxy.reload()

    def await_end(self, proxy, worker):
        proxy.await_log(rf"worker process {worker} exited with code 0")

    def killed(self, proxy):
        return len(proxy.access_log())


if __name__ == "__main__":
    unittest.main()
