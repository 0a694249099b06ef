"""Figures, what they mean, and how they are printed."""
import dataclasses
import statistics

DASH = "–"


@dataclasses.dataclass
class Target:
    sense: str  # "<=" or ">="
    value: float
    of: str = "ratio"  # or "ours"

    def is_met(self, value):
        return value <= self.value if self.sense == "<=" else value >= self.value


@dataclasses.dataclass
class Line:
    """A line of the table: a figure of ours for each round, and what it is compared with."""
    row: str
    what: str
    unit: object  # makes text of a figure
    ours: list
    theirs: list = None
    target: Target = None
    note: str = ""

    def cells(self):
        ratios = [a / b for a, b in zip(self.ours, self.theirs)] if self.theirs else []
        ours = self.unit(statistics.median(self.ours))
        spread = quartiles(ratios, "{:.2f}".format) if ratios else quartiles(self.ours, self.unit)
        return [self.row, self.what, f"{statistics.median(ratios):.3f}" if ratios else DASH, spread, ours,
                self.unit(statistics.median(self.theirs)) if self.theirs else DASH, *self._judge(ratios), self.note]

    def _judge(self, ratios):
        if self.target is None:
            return ["stated", ""]
        by_ratio = self.target.of == "ratio"
        value = statistics.median(ratios if by_ratio else self.ours)
        text = f"{self.target.value:g}" if by_ratio else self.unit(self.target.value)
        return [f"{self.target.sense} {text}", "met" if self.target.is_met(value) else "MISSED"]


@dataclasses.dataclass
class Gap:
    """A line that could not be measured."""
    row: str
    reason: str
    failed: bool = True

    def cells(self):
        return [self.row, f"{'FAILED' if self.failed else 'skipped'}: {self.reason}"]


def quartiles(values, unit):
    if len(values) < 2:
        return DASH
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{unit(low)}{DASH}{unit(high)}"


TITLES = ["row", "what", "ratio", "quartiles", "ours", "other", "target", "", ""]


def render(lines):
    """The lines of the text. What could not be measured has its reason instead of columns."""
    rows = [line.cells() for line in lines]
    whole = [TITLES] + [row for row in rows if len(row) == len(TITLES)]
    widths = [max(len(row[column]) for row in whole) for column in range(len(TITLES))]
    widths[0] = max([widths[0], *(len(row[0]) for row in rows)])
    for number, row in enumerate([TITLES] + rows):
        left = 2 if len(row) == len(TITLES) else len(row)
        cells = [text.ljust(width) if i < left or i > 6 else text.rjust(width)
                 for i, (text, width) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "-" * (sum(widths) + 2 * (len(widths) - 3))


def scaled(value, units, step=1000):
    for unit in units[:-1]:
        if abs(value) < step:
            return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"
        value /= step
    return f"{value:.3g} {units[-1]}"


def seconds(value):
    return scaled(value * 1e9, ["ns", "us", "ms", "s"])


def rate(value):
    return scaled(value, ["/s", "k/s", "M/s", "G/s"]).replace(" ", "")


def size(value):
    return scaled(value, ["B", "KiB", "MiB", "GiB"], 1024)


def speed(value):
    return scaled(value, ["B/s", "kB/s", "MB/s", "GB/s"])


def percent(value):
    return f"{100 * value:.1f} %"


def count(value):
    return f"{value:.0f}"
