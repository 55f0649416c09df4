"""What a learned part is to training, and which there are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import fakeproof as fp
from benchmarks.frame import Options
from benchmarks.training import code
from benchmarks.training.store import Store
from benchmarks.training.versions import present, versions
from fakeproof.artefact import Head, digest, shipped

MODULES = ("embedding", "copy_move", "consistency", "localize", "product", "recapture", "cards")
"""Modules of this folder that fit a part, each with its `PARTS`; a new part is a module and its name here."""
FRAME = (
    "benchmarks.frame",
    "fakeproof.artefact",
    "fakeproof.errors",
    *(f"benchmarks.training.{m}" for m in ("parts", "store", "reading", "versions", "code")),
)
"""Modules that carry values and change none; what the store holds is in the digest of the data."""
SOURCE = Path(fp.__file__).parent


@dataclass(frozen=True)
class Part:
    """A learned part.

    Parameters
    ----------
    name : str
        Its name in the package, ``edited.fusion``.
    fit : callable
        Takes the options, the store of what was read, and a head to complete; writes the part's files.
    detectors : tuple of str
        Whose answers it is fitted on.
    needs : tuple of str
        Parts that must be fitted before, because their output is what it is fitted on.
    module : str
        Where `fit` lives: its code and all that it imports are in the head's digest.
    """

    name: str
    fit: Callable[[Options, Store, Head], None]
    module: str
    detectors: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where the package ships it."""
        *rooms, name = self.name.split(".")
        return SOURCE.joinpath(*rooms, f"{name}.json")

    @property
    def code(self) -> str:
        """Digest of the code that reads the cases and fits the part."""
        read = [d.run.__module__ for d in fp.detectors() if d.name in self.detectors]
        return code.digest([self.module, *read], without=FRAME)

    def head(self, options: Options) -> Head:
        """Return the head of a fit that starts now; the fit adds the digest of its data, folds and files."""
        known, now = versions(), present()
        return Head(
            part=self.name,
            command=f"python -m benchmarks.training build{_said(options)} {self.name}",
            detectors={name: known[name] for name in self.detectors},
            carried={name: now[name] for name in self.detectors if now[name] != known[name]},
            parts={name: digest(name) for name in self.needs},
            seed=options.seed,
            code=self.code,
        )


def _said(options: Options) -> str:
    return " --data DIR" + (f" --limit {options.limit}" if options.limit is not None else "")


def parts() -> dict[str, Part]:
    """Return all parts, each after what it needs."""
    found = {p.name: p for name in MODULES for p in import_module(f"benchmarks.training.{name}").PARTS}
    order = TopologicalSorter({p.name: set(p.needs) for p in found.values()}).static_order()
    return {name: found[name] for name in order}


def state(part: Part, known: Mapping[str, int]) -> str:
    """Say whether a shipped part is as fitted as it could be: ``fitted``, or what is wrong with it."""
    head = shipped(part.name).head
    stale = [f"{n} is {known[n]}, fitted on {v}" for n, v in head.detectors.items() if known.get(n, v) != v]
    stale += [f"{n} is not in the fit" for n in part.detectors if n not in head.detectors]
    stale += [f"{n} was fitted again" for n, v in head.parts.items() if digest(n) != v]
    carried = [n for n in head.carried if head.detectors.get(n) != known.get(n)]
    if head.legacy:
        stale.insert(0, f"legacy: {head.legacy}")
    if stale:
        return "stale: " + "; ".join(stale) + (f" (vouched for until then: {', '.join(carried)})" if carried else "")
    if head.code != part.code:
        return "fitted; its code was changed since, versions were not"
    return "fitted"


def carried(head: Head, known: Mapping[str, int], names: Iterable[str]) -> Head:
    """Return the head that serves the present versions of the detectors named."""
    moved = {n: known[n] for n in names if n in head.detectors and known[n] != head.detectors[n]}
    return replace(head, carried={**head.carried, **moved})


def data_files() -> dict[str, str]:
    """Return the SHA-256 of every data file that the package ships, by its place."""
    found = sorted(p for p in SOURCE.rglob("*") if p.suffix in (".onnx", ".npz", ".json"))
    return {p.relative_to(SOURCE).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}
