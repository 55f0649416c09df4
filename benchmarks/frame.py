"""What every section shares: its options, its tables, and their place in docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
TARGET_KEYS = ("target", "met")


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    data: Path | None = None
    limit: int | None = None
    chain: str = "asis"
    seed: int = 0
    jobs: int = 1
    minutes: float | None = None
    before: str = ""


@dataclass
class Table:
    """One table: a title, columns, rows, and notes on what the figures rest on.

    `shortfalls` are sentences about targets that are not met; they are gathered at the top of the page.
    """

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    note: str = ""
    shortfalls: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the table as MyST markdown."""
        head = "| " + " | ".join(map(str, self.columns)) + " |"
        rule = "|" + "---|" * len(self.columns)
        body = ["| " + " | ".join(_cell(v) for v in row) + " |" for row in self.rows]
        parts = [f"### {self.title}", "", head, rule, *body]
        if self.note:
            parts += ["", self.note]
        for text in self.shortfalls:
            parts += ["", f"**Falls short:** {text}"]
        return "\n".join(parts)

    def text(self) -> str:
        """Return the table for a terminal."""
        cells = [[str(c) for c in self.columns], *[[_cell(v) for v in row] for row in self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = ["  ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)).rstrip() for row in cells]
        lines.insert(1, "  ".join("-" * w for w in widths))
        tail = [self.note] if self.note else []
        return "\n".join([f"== {self.title}", *lines, *tail, *(f"Falls short: {t}" for t in self.shortfalls)])

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [[_cell(v) for v in row] for row in self.rows],
            "note": self.note,
            "shortfalls": self.shortfalls,
        }


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:
            return "-"
        return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
    return str(value).replace("|", "\\|")


def machine() -> str:
    """Name the machine in one line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        model = found.group(1).strip() if found else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def write_section(name: str, tables: Sequence[Table], *, command: str, seconds: float, page: Path = PAGE) -> None:
    """Renew a section of the page and the list of shortfalls at its top; the rest stays as it is."""
    text = page.read_text(encoding="utf-8") if page.exists() else _EMPTY_PAGE
    stamp = f"{datetime.now(UTC):%Y-%m-%d} · {machine()} · `{command}` · {seconds:.0f} s"
    body = "\n\n".join(table.markdown() for table in tables)
    section = f"<!-- section {name} -->\n## {name}\n\n{stamp}\n\n{body}\n<!-- end {name} -->"
    pattern = re.compile(rf"<!-- section {re.escape(name)} -->.*?<!-- end {re.escape(name)} -->", re.S)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else text.rstrip() + "\n\n" + section + "\n"
    page.write_text(_gather_shortfalls(text), encoding="utf-8")


_EMPTY_PAGE = """# Benchmarks

Every figure on this page was written by `python -m benchmarks SECTION --write`; none by hand. "train" and "unseen" name
the halves of each set, split by group: thresholds and models saw the first only. Intervals are 95 %.

<!-- shortfalls -->
<!-- end shortfalls -->
"""


def _gather_shortfalls(text: str) -> str:
    found: list[str] = []
    for section in re.finditer(r"<!-- section (\S+) -->(.*?)<!-- end \1 -->", text, re.S):
        for line in re.findall(r"^\*\*Falls short:\*\* (.+)$", section.group(2), re.M):
            found.append(f"- *{section.group(1)}*: {line}")
    block = "## What falls short of its target\n\n" + "\n".join(found) + "\n" if found else ""
    return re.sub(
        r"<!-- shortfalls -->.*?<!-- end shortfalls -->",
        lambda _: f"<!-- shortfalls -->\n{block}<!-- end shortfalls -->",
        text,
        flags=re.S,
    )


def median_seconds(call: Callable[[], Any], *, rounds: int = 5, warm: int = 1) -> float:
    """Return the median wall time of `call` after `warm` calls that do not count."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def cpu_milliseconds(call: Callable[[], Any], *, rounds: int = 5, warm: int = 1) -> float:
    """Return the median CPU time of `call` on this thread: what others do on a shared machine is not in it."""
    for _ in range(warm):
        call()
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return 1e3 * sorted(times)[len(times) // 2]


def peak_mib() -> float:
    """Return this process's peak resident memory in MiB.

    Linux hands the parent's peak on to getrusage of a child; the kernel's own count starts anew with each program.
    """
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def one_thread() -> Iterator[None]:
    """Run OpenCV on one thread: ratios are meant per core."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def record(name: str, tables: Sequence[Table], command: str) -> dict[str, Any]:
    """Return a section's run as JSON values."""
    return {
        "section": name,
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "machine": machine(),
        "command": command,
        "tables": [table.to_dict() for table in tables],
    }
