#!/usr/bin/env python3
"""The stress tool's histogram and its .hgrm text against HdrHistogram's own, on the same samples.

The environment variable HGRM_OF names the built program tests/hgrm/hgrm_of. To run it by hand:
    HGRM_OF=build/release/tests/hgrm_of python3 -B tests/hgrm/reference_test.py -v
"""
import bisect
import fractions
import math
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import unittest

PATIENCE = 60  # seconds for one program and one set of samples, on a busy machine and under a sanitizer
SIZE = 100_000
MICROSECOND, MILLISECOND, SECOND = 1_000, 1_000_000, 1_000_000_000

JARS = [pathlib.Path("/usr/share/java") / name for name in ("hdrhistogram.jar", "HdrHistogram.jar")]
JAR = next((path for path in JARS if path.exists()), None)
REFERENCE = pathlib.Path(__file__).with_name("Reference.java")

HEADER = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
# As HdrHistogram prints them: "%12.3f %2.12f %10d %14.2f", the last one without its last column, and the footer. It has
# as many decimals of a value as it keeps significant digits.
TICK = r"(?=.{12} )( *\d+\.\d{2,3}) ([01]\.\d{12}) (?=[ \d]{10}(?: [ \d.]{14})?\n)( *\d+)"
LINE = re.compile(TICK + r"(?: ( *\d+\.\d\d))?\n")
NUMBER, COUNT = r"(?=.{12}[],])( *\d+\.\d{2,3})", r"(?=.{12}[],])( *\d+)"
FOOTER = re.compile(rf"#\[Mean    = {NUMBER}, StdDeviation   = {NUMBER}\]\n"
                    rf"#\[Max     = {NUMBER}, Total count    = {COUNT}\]\n"
                    rf"#\[Buckets = {COUNT}, SubBuckets     = {COUNT}\]\n")


def lognormal(random_):
    """Around 1.5 ms, and six orders of magnitude from the lowest to the highest."""
    return [min(round(random_.lognormvariate(math.log(1.5 * MILLISECOND), 1.6)), 3_600 * SECOND) for _ in range(SIZE)]


def bimodal(random_):
    """Nine of ten near 200 µs, the others near 5 ms, and of these one in twenty up to a minute."""
    def one():
        if random_.random() < 0.9:
            return random_.gauss(200 * MICROSECOND, 30 * MICROSECOND)
        if random_.random() < 0.95:
            return random_.gauss(5 * MILLISECOND, 0.5 * MILLISECOND)
        return min(5 * MILLISECOND * random_.paretovariate(0.8), 60 * SECOND)
    return [max(1, round(one())) for _ in range(SIZE)]


SETS = {
    "lognormal": lognormal,
    "uniform": lambda random_: [random_.randint(MICROSECOND, 100 * MILLISECOND) for _ in range(SIZE)],
    "constant": lambda random_: [1_234_567] * SIZE,
    "one sample": lambda random_: [98_765_432],
    "bimodal": bimodal,
    "none": lambda random_: [],
}


class Distribution:
    """A .hgrm text, taken apart."""

    def __init__(self, text):
        if not text.startswith(HEADER):
            raise ValueError(f"another header: {text[:100]!r}")
        self.lines = []  # (value in milliseconds, percentile from 0 to 1, count, 1/(1-percentile) or None)
        at = len(HEADER)
        while line := LINE.match(text, at):
            value, percentile, count, inverse = line.groups()
            self.lines.append((float(value), float(percentile), int(count), inverse and float(inverse)))
            at = line.end()
        if not (footer := FOOTER.fullmatch(text, at)):
            raise ValueError(f"neither a line nor the footer: {text[at:at + 300]!r}")
        self.mean, self.deviation, self.max = map(float, footer.groups()[:3])
        self.total, self.buckets, self.sub_buckets = map(int, footer.groups()[3:])


def taken_apart(output):
    """The figures by name, and the distributions that follow them."""
    figures, *texts = output.split(HEADER)
    return ({name: float(value) for name, value in map(str.split, figures.splitlines()[:-1])},
            [Distribution(HEADER + text) for text in texts])


def exact(samples):
    """The figures, from the samples themselves, which are sorted."""
    figures = {"max": samples[-1], "mean": statistics.fmean(samples), "deviation": statistics.pstdev(samples)}
    for percent in ("50", "90", "99", "99.9", "99.99"):
        figures[f"p{percent}"] = samples[math.ceil(fractions.Fraction(percent) / 100 * len(samples)) - 1]
    return figures


@unittest.skipUnless(shutil.which("java") and shutil.which("javac"), "a JDK is not installed")
@unittest.skipUnless(JAR, "libhdrhistogram-java is not installed")
class AgainstTheReference(unittest.TestCase):
    maxDiff = None

    def check_near(self, found, expected, share, rounding, what):
        self.assertLessEqual(abs(found - expected), share * expected + rounding, f"{what}: {found} for {expected}")

    def run_on(self, samples, *command):
        result = subprocess.run(command, input="".join(f"{sample}\n" for sample in samples), capture_output=True,
                                text=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)
        return taken_apart(result.stdout)

    def check_figures(self, ours, expected, whose):
        for name in ours:
            share = {"mean": 0.001}.get(name, 0.01)
            self.check_near(ours[name], expected[name], share, 1, f"{name}, against {whose}")

    def check_form(self, distribution, size):
        """What holds for any of them, HdrHistogram's included."""
        lines = distribution.lines
        self.assertEqual(distribution.total, size)
        if not size:
            return self.assertEqual(lines, [])
        self.assertEqual(lines[0][1], 0)
        self.assertEqual(lines[-1][1:], (1, size, None))
        self.assertEqual(lines[-2][2], size, "the line before the last is the first that takes in all")
        for before, after in zip(lines, lines[1:]):
            self.assertLess(before[1], after[1])
            self.assertLessEqual(before[0], after[0])
            self.assertLessEqual(before[2], after[2])
        for _, percentile, count, inverse in lines[:-1]:
            self.assertGreaterEqual(count, percentile * size * (1 - 1e-9))
            self.check_near(inverse, 1 / (1 - percentile), 1e-6, 0.005, f"1/(1-Percentile) at {percentile}")

    def check_counts(self, distribution, samples):
        """As many samples as a line says are not above its value, which is rounded to a microsecond."""
        for value, percentile, count, _ in distribution.lines:
            value = round(value * MILLISECOND)
            self.assertGreaterEqual(count, bisect.bisect_left(samples, value - 500), percentile)
            self.assertLessEqual(count, bisect.bisect_right(samples, value + 500), percentile)

    def check_same_tick(self, mine, theirs):
        """Java rounds halves up, C++ to even: that may be seen in the last decimal of a percentile."""
        self.check_near(mine[1], theirs[1], 0, 1.1e-12, "a percentile printed")
        self.assertEqual(mine[3], theirs[3], f"1/(1-Percentile) at {mine[1]}")

    def check_same(self, ours, reference):
        """At every percentile that both print the value is the same except for the buckets' width. The reference's buckets
        are narrower, so it may print some more before it comes to the last bucket."""
        self.assertLessEqual(len(ours.lines), len(reference.lines))
        for mine, theirs in [*zip(ours.lines[:-1], reference.lines), *zip(ours.lines[-1:], reference.lines[-1:])]:
            self.check_same_tick(mine, theirs)
            self.check_near(mine[0], theirs[0], 0.01, 0.001, f"the value at {mine[1]}")
        self.check_near(ours.mean, reference.mean, 0.001, 0.001, "the footer's mean")
        self.check_near(ours.deviation, reference.deviation, 0.01, 0.001, "the footer's deviation")
        self.check_near(ours.max, reference.max, 0.01, 0.001, "the footer's maximum")

    def check_same_buckets(self, ours, reference):
        """With two digits the reference's buckets are ours: so are all its lines, except for the values' decimals."""
        self.assertEqual([line[2] for line in ours.lines], [line[2] for line in reference.lines])
        for mine, theirs in zip(ours.lines, reference.lines):
            self.check_same_tick(mine, theirs)
        for mine, theirs in zip(ours.lines[:-2], reference.lines[:-2]):  # our last two are the maximum itself
            self.check_near(mine[0], theirs[0], 0, 0.0056, f"the value at {mine[1]}")
        self.assertEqual((ours.buckets, ours.sub_buckets), (reference.buckets, reference.sub_buckets))

    def test_it_says_what_the_reference_says(self):
        for name, make in SETS.items():
            with self.subTest(samples=name):
                samples = make(random.Random(f"hgrm, {name}"))
                figures, [ours] = self.run_on(samples, os.environ["HGRM_OF"])
                reference_figures, [reference, coarse] = self.run_on(samples, "java", "-cp", str(JAR), str(REFERENCE))
                samples.sort()
                self.assertEqual(list(figures), list(reference_figures))
                self.check_figures(figures, reference_figures, "the reference")
                if samples:
                    self.check_figures(figures, exact(samples), "the samples")
                for distribution in (ours, reference, coarse):
                    self.check_form(distribution, len(samples))
                self.check_counts(ours, samples)
                self.check_same(ours, reference)
                self.check_same_buckets(ours, coarse)


if __name__ == "__main__":
    unittest.main()
