"""Many photos: a stream of verdicts in input order, bounded memory, and nothing lost."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from fakeproof._worker import Failure, Job, run_job, start_worker
from fakeproof.checkpoint import Checkpoint, StoredVerdict
from fakeproof.detector import registered
from fakeproof.errors import FakeproofError, ParameterError
from fakeproof.photo import Photo
from fakeproof.types import Category

if TYPE_CHECKING:
    from fakeproof.verdict import Verdict

__all__ = ["Failure", "StoredVerdict", "analyze_many", "findings_table", "to_frame"]

Result: TypeAlias = "Verdict | StoredVerdict | Failure"
OnError: TypeAlias = Literal["record", "raise", "skip"]

AHEAD = 3
"""Photos in flight for each worker: enough to keep it busy while the caller uses a result, few enough for memory."""

OPTIONS = ("sources", "products", "order", "scorer", "detectors", "skip", "rules", "budget_s", "threads", "match")


def analyze_many(
    photos: Iterable[Any] | str | Path,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
    on_error: OnError = "record",
    checkpoint: str | Path | None = None,
    timeout: float | None = None,
    **options: Any,
) -> Iterator[Result]:
    """Analyse photos and yield their verdicts in input order.

    Parameters
    ----------
    photos : iterable of path, bytes or Photo, or a folder
        A folder stands for the files in it, sorted by name; another path for one photo. The iterable is drawn from as
        results are taken, so it may be endless.
    workers : int, optional
        Processes; as many as there are processors if left out; 0 analyses in this process.
    executor : concurrent.futures.Executor, optional
        Any executor instead of own processes: threads, ``dask.distributed.Client.get_executor()``, a pool with another
        start method. It is not shut down.
    progress : bool
        Show a bar with rate and failures on stderr.
    on_error : {'record', 'raise', 'skip'}
        What a photo becomes that cannot be analysed: a :class:`Failure` in its place, the error, or nothing.
    checkpoint : path, optional
        A JSONL file that gets a line a photo. A later run with the same file yields what is in there as
        :class:`StoredVerdict` instead of analysing it again; a half-written last line is dropped.
    timeout : float, optional
        Seconds a photo may take, enforced in worker processes and main threads on POSIX. Where it cannot be, in threads
        of an executor or on Windows, it is refused; ``budget_s`` works everywhere, between steps.
    **options
        ``sources``, ``products``, ``order``, ``scorer``, ``detectors``, ``skip``, ``rules``, ``budget_s``, ``threads``
        and ``match`` of :func:`fakeproof.analyze`. An iterator among them is drawn from once, for all photos.

    Yields
    ------
    Verdict, StoredVerdict or Failure
        Verdicts come without heatmaps and masks (regions stay), which would not fit into memory by the thousand.
        A Failure is falsy.

    Examples
    --------
    >>> import fakeproof as fp, skimage.data
    >>> cat = fp.Photo.from_array(skimage.data.chelsea(), name="cat")
    >>> [bool(v) for v in fp.analyze_many([cat, b"no photo"], workers=0, progress=False)]
    [True, False]
    """
    if on_error not in ("record", "raise", "skip"):
        raise ParameterError("on_error", on_error, ("record", "raise", "skip"))
    if timeout is not None and timeout <= 0:
        raise ParameterError("timeout", timeout, "seconds above 0")
    if workers is not None and workers < 0:
        raise ParameterError("workers", workers, "0 or more")
    for name in options:
        if name not in OPTIONS:
            raise ParameterError("option", name, OPTIONS)
    options = {name: list(value) if isinstance(value, Iterator) else value for name, value in options.items()}
    count = workers if workers is not None else (os.cpu_count() or 1)
    if isinstance(photos, str | Path):
        photos = _files(Path(photos))
    lane = _lane(executor, count, options)
    jobs = _jobs(photos, timeout)
    return _stream(jobs, lane, progress=progress, on_error=on_error, checkpoint=checkpoint, total=_length(photos))


def _files(path: Path) -> list[Path]:
    """Return a folder's files by name; any other path alone, for a missing one is a failure like a broken one."""
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))


def _jobs(photos: Iterable[Any], timeout: float | None) -> Iterator[Job]:
    if isinstance(photos, bytes | Photo):
        photos = [photos]
    for number, item in enumerate(photos):
        yield Job.of(item, number=number, timeout=timeout)


def _length(photos: Any) -> int | None:
    return len(photos) if hasattr(photos, "__len__") and not isinstance(photos, bytes) else None


def _stream(
    jobs: Iterator[Job],
    lane: _Lane,
    *,
    progress: bool,
    on_error: OnError,
    checkpoint: str | Path | None,
    total: int | None,
) -> Iterator[Result]:
    from tqdm import tqdm

    book = Checkpoint.open(checkpoint) if checkpoint is not None else None
    failures = 0
    bar = tqdm(total=total, unit="photo", disable=not progress)
    waiting: deque[tuple[Job, Future[Any] | StoredVerdict]] = deque()
    done = False
    try:
        while not done or waiting:
            while not done and len(waiting) < lane.depth:
                job = next(jobs, None)
                if job is None:
                    done = True
                    break
                known = book.get(job) if book is not None else None
                waiting.append((job, known if known is not None else lane.submit(job)))
            if not waiting:
                break
            job, pending = waiting.popleft()
            result: Result
            if isinstance(pending, StoredVerdict):
                result = pending
            else:
                result = _collect(job, pending, waiting, lane)
                if book is not None:
                    book.add(job, result)
            bar.update()
            if isinstance(result, Failure):
                failures += 1
                bar.set_postfix(failed=failures)
                if on_error == "raise":
                    raise result.error()
                if on_error == "skip":
                    continue
            yield result
    finally:
        bar.close()
        lane.close()
        if book is not None:
            book.close()


def _collect(job: Job, pending: Future[Any], waiting: deque[tuple[Job, Any]], lane: _Lane) -> Result:
    """Return a photo's result; when a worker died, find out by running the photo alone whether it was this one's."""
    try:
        return pending.result()  # type: ignore[no-any-return]
    except BrokenExecutor as error:
        if not lane.restart():
            raise
        try:
            result: Result = lane.submit(job).result()
        except BrokenExecutor:
            lane.restart()
            result = Failure(name=job.name, kind="WorkerDied", reason=f"the worker process died ({error})")
        for i, (other, what) in enumerate(waiting):
            if isinstance(what, Future):
                waiting[i] = (other, lane.submit(other))
        return result


def joined() -> tuple[Callable[..., Any], ...]:
    """Return the registered detectors, for other processes to register."""
    return tuple(d.run for d in registered())


class _Lane:
    """Where jobs run: this process, own worker processes, or the caller's executor."""

    depth = 1

    def submit(self, job: Job) -> Future[Any]:
        raise FakeproofError("a lane must say where its jobs run")  # pragma: no cover - every lane overrides it

    def restart(self) -> bool:
        return False

    def close(self) -> None:
        return None


class _Here(_Lane):
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def submit(self, job: Job) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(run_job(job, self._options))
        return future


class _Foreign(_Lane):
    """The caller's executor: options travel with every job, since there is no place to prepare its workers."""

    def __init__(self, executor: Executor, options: dict[str, Any], count: int) -> None:
        self._executor, self._options = executor, options
        self.depth = AHEAD * max(1, count)

    def submit(self, job: Job) -> Future[Any]:
        return self._executor.submit(run_job, job, self._options, joined())


class _Processes(_Lane):
    """Own worker processes, prepared once with the options, and ended whatever happens."""

    def __init__(self, count: int, options: dict[str, Any]) -> None:
        self._count, self._options = count, options
        self.depth = AHEAD * count
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._count, initializer=start_worker, initargs=(self._options, joined()))

    def submit(self, job: Job) -> Future[Any]:
        return self._pool.submit(run_job, job)

    def restart(self) -> bool:
        self.close()
        self._pool = self._start()
        return True

    def close(self) -> None:
        # Workers ignore Ctrl-C (the parent gets it too), so they are told to stop: a hung one must not outlive us.
        workers = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(timeout=5)


def _lane(executor: Executor | None, count: int, options: dict[str, Any]) -> _Lane:
    if executor is not None:
        return _Foreign(executor, options, count)
    return _Processes(count, options) if count else _Here(options)


# Tables

_SCORE_FIELDS: tuple[str, ...] = ("llr", "decision", "at_bound")
_COLUMNS: tuple[str, ...] = (
    *("name", "sha256", "width", "height", "chain"),
    *(f"{category}_{name}" for category in Category for name in _SCORE_FIELDS),
    *("best", "regions", "problems", "error"),
)


Backend: TypeAlias = Literal["pandas", "polars", "arrow"]


def to_frame(verdicts: Iterable[Result], *, backend: Backend = "pandas") -> Any:
    """Return a table with one row a photo.

    Parameters
    ----------
    verdicts : iterable of Verdict, StoredVerdict or Failure
    backend : {'pandas', 'polars', 'arrow'}
        What kind of table; the package must be installed (pandas comes with the ``notebook`` extra). The Arrow schema is
        the same whatever the verdicts are: text, int64 (width, height, regions), float64 (llrs) and bool (at_bound).

    Notes
    -----
    Columns: name, sha256, width, height, chain; ``<category>_llr``, ``_decision`` and ``_at_bound`` for each category;
    best, regions, problems, error. They are there whatever the verdicts are, of an empty batch too.
    """
    if backend not in get_args(Backend):
        raise ParameterError("backend", backend, get_args(Backend))
    rows = [_row(v) for v in verdicts]
    if backend == "pandas":
        import pandas as pd

        return pd.DataFrame(rows, columns=list(_COLUMNS))
    if backend == "polars":
        import polars as pl

        kinds = {"text": pl.String, "whole": pl.Int64, "number": pl.Float64, "truth": pl.Boolean}
        return pl.DataFrame(rows, schema={name: kinds[_kind(name)] for name in _COLUMNS})
    import pyarrow as pa

    types = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_()}
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, types[_kind(name)]) for name in _COLUMNS]))


def _kind(column: str) -> str:
    """Return what a column holds: text, whole numbers, numbers or truth."""
    if column in ("width", "height", "regions"):
        return "whole"
    return "number" if column.endswith("_llr") else "truth" if column.endswith("_at_bound") else "text"


def _row(result: Result) -> dict[str, Any]:
    if isinstance(result, Failure):
        return {"name": result.name, "error": f"{result.kind}: {result.reason}"}
    values = result.to_dict()
    photo = values["photo"]
    row: dict[str, Any] = {
        "name": photo["name"],
        "sha256": photo["sha256"],
        "width": photo["size"][0],
        "height": photo["size"][1],
        "chain": photo["chain"]["kind"],
    }
    for category, score in values["scores"].items():
        row.update({f"{category}_{name}": score[name] for name in _SCORE_FIELDS})
    row["best"] = values["best"]
    row["regions"] = len(values["regions"])
    row["problems"] = "; ".join(values["problems"])
    row["error"] = None
    return row


def findings_table(verdicts: Iterable[Result], *, as_records: bool = False) -> Any:
    """Return one row a photo and one column a detector: what ``Scorer.fit`` takes.

    A cell is the detector's score, the highest where it has several findings, empty where it did not apply.
    ``<detector>@<category>`` holds the score of findings that by themselves support a category. ``versions`` tells
    the detectors' versions, as JSON text, so that the table comes through CSV and Parquet as it was. Failures are left out. A DataFrame needs the ``notebook`` extra; `as_records` does not.
    """
    records = [_scores_row(v.to_dict()) for v in verdicts if not isinstance(v, Failure)]
    if as_records:
        return records
    import pandas as pd

    return pd.DataFrame(records)


def _scores_row(values: dict[str, Any]) -> dict[str, Any]:
    versions = {f["detector"]: f["version"] for f in values["findings"] if f["score"] is not None}
    row: dict[str, Any] = {
        "name": values["photo"]["name"],
        "sha256": values["photo"]["sha256"],
        "chain": values["photo"]["chain"]["kind"],
        "versions": json.dumps(versions, sort_keys=True),
    }
    keep: Callable[[str, float], None] = lambda key, score: row.__setitem__(key, max(score, row.get(key, score)))
    for finding in values["findings"]:
        if finding["score"] is None:
            continue
        keep(finding["detector"], finding["score"])
        if finding["supports"]:
            keep(f"{finding['detector']}@{finding['supports']}", finding["score"])
    return row
