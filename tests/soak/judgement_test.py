"""tools/soak's own judgement: what it expects of a server that gets odd bytes, and what it calls growth."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools" / "soaking"))
import faults
import server
import verdict

MIB = 1 << 20
TOO_MUCH = b"x" * (server.MAX_MESSAGE + 1)


class Expectation(unittest.TestCase):
    def check(self, framing, stream, replies, violation=False):
        self.assertEqual(faults.expected(framing, stream), (replies, violation))

    def test_of_lines(self):
        self.check("line", b"", b"")
        self.check("line", b"abc\nde\r\n\n", b"cba\ned\r\n\n")
        self.check("line", b"abc\nde\r", b"cba\n\red")
        self.check("line", b"abc\n" + TOO_MUCH, b"cba\n", True)
        self.check("line", b"abc\n" + TOO_MUCH + b"\nde\n", b"cba\n", True)

    def test_of_frames(self):
        abc = b"\0\0\0\3abc"
        self.check("length", abc + b"\0\0\0\0", b"\0\0\0\3cba\0\0\0\0")
        for size in range(1, len(abc)):
            self.check("length", abc + abc[:size], b"\0\0\0\3cba", True)
        self.check("length", abc + b"\xff\xff\xff\xff", b"\0\0\0\3cba", True)

    def test_of_whole_streams(self):
        self.check("eof", b"abc\n", b"\ncba")
        self.check("eof", TOO_MUCH, b"", True)


class Growth(unittest.TestCase):
    def test_is_not_what_happens_while_it_warms_up(self):
        self.assertEqual(verdict.growth("server", [i * MIB for i in range(20)] + [20 * MIB] * 40), [])

    def test_is_not_one_peak(self):
        memory = [5 * MIB] * 60
        memory[50] = 500 * MIB
        self.assertEqual(verdict.growth("server", memory), [])

    def test_is_what_goes_on_for_ever(self):
        self.assertEqual(len(verdict.growth("server", [i * MIB for i in range(60)])), 1)

    def test_is_also_a_step_behind_the_middle(self):
        self.assertEqual(len(verdict.growth("server", [5 * MIB] * 40 + [5 * MIB + verdict.MARGIN + 1] * 20)), 1)


if __name__ == "__main__":
    unittest.main()
