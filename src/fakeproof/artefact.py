"""Learned parts: numbers that were fitted, with a head that says how; what was fitted on other detectors is refused.

A part is named by its place: ``edited.fusion`` is ``fakeproof/edited/fusion.json``. Arrays that no JSON should hold lie
beside it, named in the head by their digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Self

from fakeproof.errors import CalibrationError

__all__ = ["Artefact", "Head", "digest", "read", "shipped"]

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Head:
    """How a part came to be.

    Parameters
    ----------
    part : str
        Its name, ``edited.fusion``.
    command : str
        What writes it.
    data : str
        SHA-256 of the cases that it was fitted on: which photos, what was done to them, and what was read in them.
    detectors : mapping of str to int
        Versions of the detectors whose answers it was fitted on.
    parts : mapping of str to str
        Learned parts whose output it was fitted on, with the SHA-256 of their files at that time.
    folds, seed : int
        Of the fit.
    code : str
        SHA-256 of the code that read the cases and fitted them.
    carried : mapping of str to int
        Detectors that changed since, up to which version somebody vouched that the fit still serves until the next one.
    files : mapping of str to str
        SHA-256 of the files beside it that belong to it.
    legacy : str
        Why the head cannot tell all of this, for parts fitted before it was kept; empty otherwise.
    """

    part: str
    command: str
    data: str = ""
    detectors: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    folds: int = 0
    seed: int = 0
    code: str = ""
    carried: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    legacy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; what is empty is left out."""
        values = {"format": FORMAT, **{name: getattr(self, name) for name in self.__dataclass_fields__}}
        return {k: dict(sorted(v.items())) if isinstance(v, Mapping) else v for k, v in values.items() if v or v == 0}

    @classmethod
    def from_dict(cls, values: Any, *, part: str) -> Self:
        """Make it from :meth:`to_dict`'s values.

        Raises
        ------
        CalibrationError
            There is no head, it is damaged, of another format, or another part's.
        """
        if not isinstance(values, Mapping):
            raise CalibrationError(f"{part}: no head says how it was fitted; fit it again")
        if values.get("format") != FORMAT:
            raise CalibrationError(f"{part}: format {values.get('format')!r} of its head is not {FORMAT}; fit it again")
        if values.get("part") != part:
            raise CalibrationError(f"{part}: the file holds {values.get('part')!r}")
        try:
            return cls(**{k: v for k, v in values.items() if k != "format"})
        except TypeError as error:
            raise CalibrationError(f"{part}: its head is damaged: {error}") from error

    def check(self, detector: str, version: int) -> None:
        """Refuse a detector's answer of another version than was fitted on or vouched for.

        Raises
        ------
        CalibrationError
            It names the detector and both versions.
        """
        fitted = self.detectors.get(detector)
        if fitted is not None and version not in (fitted, self.carried.get(detector)):
            raise CalibrationError(
                f"{detector}: the photo was read by version {version}, {self.part} was fitted on version {fitted}; "
                "use the parts of one release, or fit them anew (python -m benchmarks.training)"
            )

    def check_part(self, name: str, digest: str) -> None:
        """Refuse another state of a part whose output this one was fitted on.

        Raises
        ------
        CalibrationError
            It names both parts.
        """
        fitted = self.parts.get(name)
        if fitted is not None and fitted != digest:
            raise CalibrationError(f"{self.part} was fitted on another {name} ({fitted[:12]}, not {digest[:12]})")


@dataclass(frozen=True)
class Artefact:
    """A part as it lies on disk: its head, its values, and how to reach the files beside it."""

    head: Head
    values: Mapping[str, Any]
    folder: Any

    def beside(self, name: str) -> bytes:
        """Return a file that belongs to the part.

        Raises
        ------
        CalibrationError
            Its bytes are not those that the head names.
        """
        data = self.folder.joinpath(name).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.head.files.get(name):
            raise CalibrationError(f"{self.head.part}: {name} is damaged or another one (sha256 {digest[:12]})")
        return data  # type: ignore[no-any-return]


def shipped(part: str) -> Artefact:
    """Read a part that the package ships.

    Raises
    ------
    CalibrationError
        The file is damaged, or its head is missing or another part's.
    """
    folder, name = _place(part)
    return read(folder.joinpath(name).read_text(encoding="utf-8"), part=part, folder=folder)


def digest(part: str) -> str:
    """Return the SHA-256 of what a shipped part holds, its values and the files beside it, however they came about."""
    found = shipped(part)
    held = {"values": found.values, "files": dict(found.head.files)}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def _place(part: str) -> tuple[Any, str]:
    *rooms, name = part.split(".")
    return files("fakeproof").joinpath(*rooms), f"{name}.json"


def read(text: str, *, part: str, folder: Any) -> Artefact:
    """Read a part from its JSON text and the folder that holds what lies beside it."""
    try:
        values = json.loads(text)
        head = values["head"]
    except (ValueError, KeyError, TypeError) as error:
        raise CalibrationError(f"{part}: no head says how it was fitted; fit it again") from error
    return Artefact(Head.from_dict(head, part=part), {k: v for k, v in values.items() if k != "head"}, folder)
