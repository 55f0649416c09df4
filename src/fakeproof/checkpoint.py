"""A batch's memory: one JSON line a finished photo, safe against being killed at any moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from fakeproof._worker import Failure
from fakeproof.errors import ParameterError

if TYPE_CHECKING:
    from fakeproof._worker import Job
    from fakeproof.verdict import Verdict

__all__ = ["Checkpoint", "StoredVerdict"]

FORMAT = "fakeproof checkpoint 1"


@dataclass(frozen=True)
class StoredVerdict:
    """A verdict read back from a checkpoint: its values, without photo and pictures."""

    values: dict[str, Any]

    @property
    def name(self) -> str:
        """The photo's name."""
        return str(self.values["photo"]["name"])

    def to_dict(self) -> dict[str, Any]:
        """Return what ``Verdict.to_dict`` gave."""
        return self.values

    def __repr__(self) -> str:
        return f"StoredVerdict({self.name!r}, best={self.values.get('best')})"


class Checkpoint:
    """A JSONL file of finished photos. Failures are kept out: the next run tries them again."""

    def __init__(self, file: IO[str], known: dict[str, StoredVerdict]) -> None:
        self._file, self._known = file, known

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read what is there, cut off a line that was being written when a run was killed, and go on."""
        path = Path(path)
        known: dict[str, StoredVerdict] = {}
        good = 0
        if path.exists() and path.stat().st_size:
            with path.open("rb") as file:
                head = file.readline()
                if head.strip() != FORMAT.encode():
                    raise ParameterError("checkpoint", str(path), f"a new file, or one that starts with {FORMAT!r}")
                good = file.tell()
                for line in file:
                    try:
                        record = json.loads(line)
                        known[record["key"]] = StoredVerdict(record["verdict"])
                    except (ValueError, KeyError, TypeError):
                        break
                    if not line.endswith(b"\n"):
                        break
                    good += len(line)
            with path.open("r+b") as file:
                file.truncate(good)
        out = path.open("a", encoding="utf-8")
        if not good:
            out.write(FORMAT + "\n")
            out.flush()
        return cls(out, known)

    def get(self, job: Job) -> StoredVerdict | None:
        """Return the stored verdict of a photo with this name and content."""
        return self._known.get(job.key()) if self._known else None

    def add(self, job: Job, result: Verdict | Failure | StoredVerdict) -> None:
        """Append a verdict and hand it to the operating system at once."""
        key = job.key()
        if isinstance(result, Failure) or not key:
            return
        line = json.dumps({"key": key, "verdict": result.to_dict()}, ensure_ascii=False)
        self._file.write(line + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
