"""Fails the system calls of the programs in turn, one in each run; the servers' while they start, serve and stop.

What must hold after each: the process lives, or has ended with 1 and said what failed; never by a signal, and never
with a wrong byte. If it lives, a connection that was there before and one that is new are answered, descriptors and
threads are those of before, and SIGTERM ends it with 0. Called by ctest; by hand:
    cd tests/torture && REVECHO_PROGRAMS=$PWD/../../build/release python3 -B server_torture_test.py -v AsyncOneThread
"""
import contextlib
import os
import socket
import struct
import time
import unittest

import tracing
from servers import Server, Sweep, is_possible
from processes import PATIENCE, wait_until

# What one client sends, piece by piece, and all it gets for that.
CONVERSATIONS = [
    ([b"one\n", b"two and ", b"a half\r\n"], b"eno\nflah a dna owt\r\n"),
    ([b"1\n23\n456\nend"], b"1\n32\n654\ndne"),
    ([b"fine\n" + b"x" * 2000], b"enif\n"),  # the second one is too long
]
# These are nothing to a client: an accept that fails is tried again, as is what was interrupted.
UNSEEN_CALLS = {"accept4", "poll", "epoll_pwait2", "epoll_wait", "write"}


class Lost(Exception):
    """A connection that ended before all replies were there."""


def converse(port, pieces, expected):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        received = b""
        try:
            for piece in pieces:
                client.sendall(piece)
                if piece.endswith(b"\n"):
                    received += client.recv(4096)
            client.shutdown(socket.SHUT_WR)
            while data := client.recv(4096):
                received += data
        except TimeoutError:
            raise
        except OSError:  # the connection was reset, or is not there any more
            pass
        if not expected.startswith(received):
            raise AssertionError(f"{received} in place of {expected}")
        if received != expected:
            raise Lost(f"{len(received)} of {len(expected)} bytes came for {pieces}")


def disappear(port):
    """Ends a connection with a reset, after a reply that came or did not."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            client.sendall(b"line\n")
            if client.recv(4096) not in (b"", b"enil\n"):
                raise AssertionError("a wrong reply")
        except ConnectionError:
            pass


def converse_all(port):
    """Returns what was lost of all conversations."""
    lost = []
    for pieces, expected in CONVERSATIONS:
        try:
            converse(port, pieces, expected)
        except Lost as loss:
            lost.append(str(loss))
        disappear(port)
    return lost


class Bystander:
    """A connection that has had a reply, and is silent while calls fail: on its behalf there is but one call at most,
    that of the thread which waits for it, and strace makes that one start anew."""

    def __init__(self, server):
        before = server.descriptors()
        self.client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        if not self.is_answered():
            raise Lost("a connection while nothing fails")
        self.descriptor, = server.descriptors() - before  # the server's

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.client.close()

    def is_answered(self):
        try:
            self.client.sendall(b"still\n")
            received = self.client.recv(4096)
        except ConnectionError:
            return False
        if received not in (b"", b"llits\n"):
            raise AssertionError("a wrong reply")
        return received != b""

    def is_hit(self, fault, trace):
        """Whether the fault was its own, and such that it ends by that."""
        return fault.error != "EINTR" and trace.has_hit(self.descriptor)


class Torture(Sweep):
    """A test case for each server derives from this."""

    serves_many = True  # at once

    def check_still_serves(self, server, resources):
        self.assertEqual(converse_all(server.port), [])
        wait_until(lambda: server.resources() == resources, f"{server.resources()} becomes {resources} again")
        status = server.end()
        self.assertEqual(status, 0, server.log())

    # --- while it starts ---

    def test_1_each_call_fails_while_it_starts(self):
        trace = tracing.Trace()
        with Server(self.program, self.arguments, trace, self.traced) as server:
            self.assertTrue(server.listens(), server.log())
            tracing.release(server.process.pid)
            calls = trace.calls()
            self.assertEqual(converse_all(server.port), [])
        # Before main() it is the loader's turn.
        first = next(i for i, call in enumerate(calls) if call.arguments.startswith("0, F_GETFD"))
        self.sweep(calls, lambda i, call: i > first and is_possible(call), self.fail_while_starting)

    def fail_while_starting(self, fault):
        trace = tracing.Trace(fault)
        with Server(self.program, self.arguments, trace, self.traced) as server:
            if server.listens():
                tracing.release(server.process.pid)
                self.check_still_serves(server, server.resources_at_rest())
            else:
                self.assertEqual(server.process.returncode, 1, server.log())
                self.check_said(fault, server.log())
                self.assertEqual(os.listdir(server.free_port.directory), [])
            return trace.hits()

    # --- while it serves ---

    def test_2_each_call_fails_while_it_serves(self):
        trace = tracing.Trace()
        with Server(self.program, self.arguments) as server:
            self.assertTrue(server.listens(), server.log())
            server.resources_at_rest()
            with self.bystander(server):
                trace.attach(server.process.pid)
                self.assertEqual(converse_all(server.port), [])
                trace.detach()
        self.sweep(trace.calls(), lambda i, call: is_possible(call), self.fail_while_serving)

    def bystander(self, server):
        return Bystander(server) if self.serves_many else contextlib.nullcontext()

    def fail_while_serving(self, fault):
        trace = tracing.Trace(fault)
        with Server(self.program, self.arguments) as server:
            self.assertTrue(server.listens(), server.log())
            resources = server.resources_at_rest()
            with self.bystander(server) as bystander:
                with_bystander = server.resources()

                def is_over():
                    ends = bystander and bystander.is_hit(fault, trace)
                    return server.resources() == (resources if ends else with_bystander)

                trace.attach(server.process.pid)
                lost = converse_all(server.port)
                # Who is in the middle of a failing call when strace leaves sees it fail in another way.
                wait_until(is_over, "the connections have ended")
                trace.detach()
                hits = trace.hits()
                self.assertIsNone(server.process.poll(), server.log())
                is_hit = bystander and bystander.is_hit(fault, trace)
                self.assertLessEqual(len(lost) + bool(is_hit), hits, lost)  # each takes one with it, and no other
                if bystander:
                    self.assertEqual(bystander.is_answered(), not is_hit, server.log())
            if fault.error == "EINTR" or fault.call in UNSEEN_CALLS:
                self.assertEqual(lost, [])
            elif lost and fault.call not in tracing.OF_MEMORY:
                self.assertIn(tracing.text_of(fault.error), server.log())
            self.check_still_serves(server, resources)
            return hits

    # --- while it stops ---

    def test_3_each_call_fails_while_it_stops(self):
        trace = tracing.Trace()
        with self.about_to_stop(trace) as server:
            self.assertEqual(self.reply_while_stopping(server), b"gnidnep\n")
            self.assertEqual(server.process.wait(PATIENCE), 0, server.log())
            trace.detach()
        self.sweep(trace.calls(), lambda i, call: is_possible(call), self.fail_while_stopping)

    def about_to_stop(self, trace):
        server = Server(self.program, [*self.arguments, "--delay", "20ms", "--drain-timeout", "500ms"],
                        environment=self.traced)
        self.assertTrue(server.listens(), server.log())
        trace.attach(server.process.pid)
        server.client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        server.client.sendall(b"pending\n")
        return server

    def reply_while_stopping(self, server):
        """All that comes after SIGTERM, and an end."""
        server.process.terminate()
        received = b""
        with server.client as client:
            try:
                while data := client.recv(4096):
                    received += data
            except ConnectionError:
                pass
        return received

    def fail_while_stopping(self, fault):
        trace = tracing.Trace(fault)
        with self.about_to_stop(trace) as server:
            received = self.reply_while_stopping(server)
            status = server.process.wait(PATIENCE)
            trace.detach()
            self.assertEqual(status, 0, server.log())
            self.assertIn(received, (b"", b"gnidnep\n"))
            if fault.error == "EINTR" or fault.call in UNSEEN_CALLS:
                self.assertEqual(received, b"gnidnep\n")
            return trace.hits()

    # --- while it cannot accept ---

    def test_4_nobody_can_be_accepted_for_a_while(self):
        for error in ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]:
            with self.subTest(error=error):
                self.fail_to_accept(error)

    def fail_to_accept(self, error):
        trace = tracing.Trace(tracing.Fault("accept4", "1+", error))
        with Server(self.program, self.arguments) as server:
            self.assertTrue(server.listens(), server.log())
            resources = server.resources_at_rest()
            trace.attach(server.process.pid)
            start, worked = time.monotonic(), server.processor_time()
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
                client.sendall(b"patience\n")
                # Pauses of 5, 10, 20, 40, 80 and then 100 ms, of each thread that accepts: 20 failures take two threads
                # 600 ms, and one more than what is waited for.
                wait_until(lambda: trace.hits() >= 20 or time.monotonic() - start > 0.6 and trace.hits() > 5,
                           "accept4 fails")
                lasted, worked = time.monotonic() - start, server.processor_time() - worked
                trace.detach()
                self.assertEqual(client.recv(4096), b"ecneitap\n")
            self.assertGreater(lasted, 0.5)  # without a pause it is far less, on however busy a machine
            self.assertLess(worked, 0.05 * lasted + 0.02)  # and the clock of a process has a grain of 10 ms
            lines = server.log().count(f"error: cannot accept connections: {tracing.text_of(error)}; trying again\n")
            self.assertIn(lines, range(1, int(lasted) + 2))
            self.check_still_serves(server, resources)


class SyncThreads(Torture, unittest.TestCase):
    program = "revecho-sync-server"
    arguments = ["--model", "threads"]


class AsyncOneThread(Torture, unittest.TestCase):
    program = "revecho-async-server"


class EpollOneThread(Torture, unittest.TestCase):
    program = "revecho-epoll-server"


# These differ from the ones above in how they spread connections only: one fault of three has to do, and those that
# tracing.ALWAYS has. Which thread gets a connection is chance, and so is whether any makes the call that is to fail.


class SyncIterative(Torture, unittest.TestCase):
    program = "revecho-sync-server"
    arguments = ["--model", "iterative"]
    every = 3
    serves_many = False


class SyncPool(Torture, unittest.TestCase):
    program = "revecho-sync-server"
    arguments = ["--model", "pool", "--threads", "2"]
    every = 3
    tries = 5


class AsyncTwoThreads(Torture, unittest.TestCase):
    program = "revecho-async-server"
    arguments = ["--threads", "2"]
    every = 3
    tries = 5


class EpollTwoThreads(AsyncTwoThreads):
    program = "revecho-epoll-server"


if __name__ == "__main__":
    unittest.main()
