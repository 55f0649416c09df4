"""Compare a run with the one stored on docs/benchmarks.md, and name what got worse by more than noise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.frame import PAGE, Table

SLOWER = 1.3
"""Ratio of times or memory above which a run is worse: the same run repeated on a shared machine differs by a quarter."""
LEAST_COST = 0.02
"""Seconds, milliseconds or MiB below which no ratio is believed."""
LOWER_SCORE = 0.03
"""Difference of a score between 0 and 1 without an interval that counts as worse."""

_SAID = re.compile(r"^[+-]?\d+(?:\.\d+)?")
_INTERVAL = re.compile(r"[\[(;]\s*(\d+\.\d+)\s*[,-]\s*(\d+\.\d+)\s*[\])]")
_COST = re.compile(r"\b(s|ms|MiB|seconds?|time|longest|peak|growth)\b", re.I)
_BAD = re.compile(r"accused|alarm|Cllr|loss|false|missed|misleading|problems|anything else", re.I)
_GIVEN = re.compile(r"^n\b|target|bounds|threshold|^half$|^photos$|pairs|queries|cases|positives|negatives|limit", re.I)


@dataclass(frozen=True)
class Worse:
    """A figure that got worse."""

    table: str
    row: str
    column: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.table}: {self.row}, {self.column}: {self.before} -> {self.now}"


def stored(section: str, text: str | None = None) -> list[Table]:
    """Return the tables of a section as they stand on the page; none if it was never written."""
    text = PAGE.read_text(encoding="utf-8") if text is None else text
    found = re.search(rf"<!-- section {re.escape(section)} -->(.*?)<!-- end {re.escape(section)} -->", text, re.S)
    out = []
    for part in re.split(r"(?m)^### ", found[1])[1:] if found else ():
        title, *lines = part.splitlines()
        cells = [_cells(line) for line in lines if line.startswith("|")]
        if len(cells) > 2:
            out.append(Table(title, cells[0], list(cells[2:])))
    return out


def worse(before: Sequence[Table], now: Sequence[Table]) -> list[Worse]:
    """Return what got worse; tables, rows and columns are matched by their names, new ones are passed over."""
    old = {table.title: table for table in before}
    out: list[Worse] = []
    for table in now:
        if table.title in old:
            out += _worse_in(old[table.title], table)
    return out


def _worse_in(before: Table, now: Table) -> Iterator[Worse]:
    rows = {_key(before, row): row for row in before.rows}
    columns = [str(c) for c in before.columns]
    for row in ([str(cell).replace("\\|", "|") for cell in line] for line in now.to_dict()["rows"]):
        key = _key(now, row)
        if key not in rows:
            continue
        for name, value in zip(map(str, now.columns), row, strict=True):
            if name not in columns or _GIVEN.search(name):
                continue
            was = str(rows[key][columns.index(name)])
            if _is_worse(was, value, name, now.title):
                yield Worse(now.title, " ".join(key), name, was, value)


def _key(table: Table, row: Sequence[object]) -> tuple[str, ...]:
    """Return the leading cells that are words: they name the row."""
    cells = [str(cell) for cell in row]
    words = [c for c in cells[:3] if not _SAID.match(c)]
    return tuple(words) or (cells[0],)


def _is_worse(was: str, now: str, column: str, title: str) -> bool:
    a, b = _SAID.match(was), _SAID.match(now)
    if a is None or b is None:
        return False
    old, new = float(a[0]), float(b[0])
    # What a column is called says more than its table: a table of seconds may have a column of rates.
    bad = bool(_BAD.search(column))
    if not bad and (_COST.search(column) or _COST.search(title)):
        return new > LEAST_COST and new > SLOWER * max(old, LEAST_COST)
    ranges = _INTERVAL.search(was), _INTERVAL.search(now)
    if ranges[0] and ranges[1]:
        (low, high), (new_low, new_high) = ((float(r[1]), float(r[2])) for r in ranges if r)
        return new_low > high if bad else new_high < low
    return new > old + LOWER_SCORE if bad else new < old - max(LOWER_SCORE, 0.1 * abs(old) if abs(old) > 1 else 0.0)


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
