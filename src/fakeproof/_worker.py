"""One photo of a batch, wherever it runs: this process, a worker process, another machine."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from fakeproof.detector import register
from fakeproof.errors import CalibrationError, FakeproofError, ParameterError, PhotoError
from fakeproof.photo import Photo

if TYPE_CHECKING:
    from fakeproof.verdict import Verdict

__all__ = ["Failure", "Job", "run_job", "start_worker"]


class TimeLimitError(FakeproofError):
    """A photo took longer than its limit."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A photo of a batch that could not be analysed: falsy, with the reason.

    Parameters
    ----------
    name : str
        The photo as its caller named it.
    kind : str
        The error's class, ``TimeLimitError`` or ``WorkerDied`` among them.
    reason : str
        What was wrong.
    sha256 : str
        Of the file, where it could be read.
    """

    name: str
    kind: str
    reason: str
    sha256: str = ""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"

    def error(self) -> FakeproofError:
        """Return the failure as an error to raise."""
        return PhotoError(self.name, f"{self.kind}: {self.reason}")

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as JSON-ready values."""
        return {"name": self.name, "kind": self.kind, "reason": self.reason, "sha256": self.sha256}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A photo to analyse, small enough to send: a path stays a path."""

    number: int
    item: Any
    name: str
    timeout: float | None = None

    @classmethod
    def of(cls, item: Any, *, number: int, timeout: float | None) -> Job:
        """Name the item; nothing is read yet."""
        if isinstance(item, str | Path):
            name = str(item)
        elif isinstance(item, Photo):
            name = item.name
        else:
            name = f"photo {number}"
        return cls(number=number, item=item, name=name, timeout=timeout)

    def key(self) -> str:
        """Digest of name and content, under which a checkpoint knows the photo; empty if it cannot be read."""
        content = self.digest()
        return hashlib.sha256(f"{self.name}\0{content}".encode()).hexdigest() if content else ""

    def digest(self) -> str:
        """sha256 of the photo's bytes, read in pieces; empty if it cannot be read."""
        if isinstance(self.item, Photo):
            return self.item.sha256
        if isinstance(self.item, bytes):
            return hashlib.sha256(self.item).hexdigest()
        try:
            with Path(self.item).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, TypeError):
            return ""


_options: dict[str, Any] = {}


def start_worker(options: dict[str, Any], joined: Sequence[Callable[..., Any]] = ()) -> None:
    """Prepare a worker process: keep the options, let registered detectors join, leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _join(joined)
    _options.clear()
    _options.update(options)


def run_job(
    job: Job, options: dict[str, Any] | None = None, joined: Sequence[Callable[..., Any]] = ()
) -> Verdict | Failure:
    """Analyse one photo; whatever its content does becomes a :class:`Failure`.

    `joined` are the registered detectors of the process that sent it.

    Wrong parameters and cards are the caller's mistakes, the same for every photo, and are raised.
    """
    from fakeproof.analysis import analyze

    _join(joined)
    try:
        with _time_limit(job.timeout):
            try:
                photo = Photo.of(job.item, name=job.name)
            except ParameterError as error:
                # An empty cell among paths is this photo's fault, not that of the caller's options.
                return Failure(name=job.name, kind="ParameterError", reason=str(error))
            return analyze(photo, **(_options if options is None else options)).light()
    except (ParameterError, CalibrationError):
        raise
    except PhotoError as error:
        return Failure(name=job.name, kind="PhotoError", reason=error.reason, sha256=job.digest())
    except Exception as error:
        # The border of a batch: a fault that one photo brings out must not lose the others. It is named, not hidden.
        return Failure(name=job.name, kind=type(error).__name__, reason=str(error), sha256=job.digest())


def _join(detectors: Sequence[Callable[..., Any]]) -> None:
    for detector in detectors:
        register(detector)


@contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    """Raise in this thread after `seconds`; only a main thread on POSIX can be interrupted, elsewhere it is refused."""
    if seconds is None:
        yield
        return
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        allowed = (
            "worker processes on POSIX, whose main thread can be interrupted; or budget_s, which ends between steps"
        )
        raise ParameterError("timeout", seconds, allowed)

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeLimitError(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
