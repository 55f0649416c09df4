"""Run cases in a worker process with an address limit and a time limit; a dead or silent worker is a result too."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ADDRESS_ABOVE_START = 2**30
SECONDS = 5.0


class TooSlow(BaseException):
    """Raised by the alarm; not an Exception, so that nobody's handler takes it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case: ``ok``, ``PhotoError``, an exception's name, ``hang``, ``crash``; time and peak growth."""

    number: int
    seed: str
    mutator: str
    result: str
    detail: str
    seconds: float


def look(data: bytes, *, salvage: bool) -> None:
    """Do with a photo what an analysis does before any detector runs."""
    import fakeproof as fp

    photo = fp.Photo.from_bytes(data, salvage=salvage)
    assert photo.rgb.shape[:2] == photo.size[::-1]
    assert photo.luma.shape == photo.rgb.shape[:2]
    _ = photo.preview(32), photo.chain, photo.record, photo.sha256
    if photo.jpeg is not None:
        _ = photo.jpeg.coefficients(), photo.jpeg.damaged, photo.jpeg.luma_plane(), photo.jpeg.encoder
    for finding in fp.metadata.check(photo):
        repr(finding)


def try_case(number: int) -> Outcome:
    """Run one case in this process."""
    from fakeproof import PhotoError
    from tests.fuzz.mutate import case

    seed, mutator, data = case(number)
    started = time.perf_counter()
    result, detail = "ok", ""
    try:
        look(data, salvage=number % 5 == 0)
    except PhotoError as error:
        result, detail = "PhotoError", error.reason[:60]
    except TooSlow:
        result = "hang"
    except Exception as error:  # whatever it is, it is the result
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}" if frame else ""
        result, detail = type(error).__name__, f"{place} {error}"[:160]
    return Outcome(number, seed, mutator, result, detail, time.perf_counter() - started)


def _alarm(_signal: int, _frame: Any) -> None:
    raise TooSlow


def _work(connection: Any) -> None:
    import fakeproof as fp
    from tests.fuzz.seeds import seeds

    warnings.simplefilter("ignore")
    for data in seeds().values():
        photo = fp.Photo.from_bytes(data)
        _ = photo.luma, photo.chain, photo.jpeg and photo.jpeg.coefficients(), fp.metadata.check(photo)
    with open("/proc/self/statm") as file:
        start = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (start + ADDRESS_ABOVE_START,) * 2)
    signal.signal(signal.SIGALRM, _alarm)
    connection.send(None)
    while (number := connection.recv()) is not None:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            outcome = try_case(number)
        except TooSlow:
            outcome = Outcome(number, "", "", "hang", "", SECONDS)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send((outcome, _peak()))


def _peak() -> int:
    """Most memory that this process has held, bytes; getrusage would count the parent's at the time of the start, too."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


class Worker:
    """A worker process; made anew when it died."""

    def __init__(self) -> None:
        self.peak = 0
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.connection.recv()

    def run(self, number: int) -> Outcome:
        self.connection.send(number)
        try:
            if self.connection.poll(2 * SECONDS):
                outcome, peak = self.connection.recv()
                self.peak = max(self.peak, peak)
                return outcome
            kind = "hang"
        except EOFError:
            kind = "crash"
        self.process.kill()
        self.process.join()
        code = str(self.process.exitcode)
        self.start()
        return Outcome(number, "", "", kind, f"exit {code}", 2 * SECONDS)

    def stop(self) -> None:
        self.connection.send(None)
        self.process.join(10)


def run_cases(numbers: Iterable[int]) -> tuple[list[Outcome], int]:
    """Run cases one after another; return their outcomes and the worker's peak memory in bytes."""
    worker = Worker()
    outcomes = [worker.run(number) for number in numbers]
    worker.stop()
    return outcomes, worker.peak
