"""What can go wrong, each error with the values it speaks of as attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["CalibrationError", "FakeproofError", "IndexFormatError", "ParameterError", "PhotoError"]


class FakeproofError(Exception):
    """Base of every error that fakeproof raises on purpose."""


class PhotoError(FakeproofError, ValueError):
    """A photo cannot be read, or lies beyond a limit.

    Attributes
    ----------
    name : str
        The photo as its caller named it.
    reason : str
        What is wrong, with the value that was met.
    words : mapping of str to str
        The reason by language; English alone where nothing else was given.
    code : str
        The reason in one word, such as ``empty`` or ``too_large``; empty where nothing was given.
    limit : float or None
        The limit that was passed, if it was one.
    value : float or None
        The value that passed it.
    """

    def __init__(
        self, name: str, reason: str | Mapping[str, str], *, value: float | None = None, limit: float | None = None
    ) -> None:
        self.words: Mapping[str, str] = {"en": reason} if isinstance(reason, str) else reason
        self.code = str(getattr(reason, "key", "")).rpartition(".")[2]
        self.name, self.reason, self.value, self.limit = name, self.words["en"], value, limit
        super().__init__(name, self.reason)

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_photo_error, (type(self), self.name, self.words, self.value, self.limit)


def _rebuild_photo_error(
    cls: type[PhotoError], name: str, reason: Mapping[str, str], value: float | None, limit: float | None
) -> PhotoError:
    """Errors cross process borders in batches; exceptions with keywords do not pickle by themselves."""
    return cls(name, reason, value=value, limit=limit)


class ParameterError(FakeproofError, ValueError):
    """A parameter has a value that is not allowed; names the value and what is.

    Parameters
    ----------
    parameter : str
        The parameter's name.
    value : object
        The value that was given.
    allowed : str or iterable of str
        A sentence, or the allowed values.
    """

    def __init__(self, parameter: str, value: object, allowed: str | Iterable[object]) -> None:
        self.parameter, self.value = parameter, value
        self.allowed = allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))
        super().__init__(parameter, value, self.allowed)

    def __str__(self) -> str:
        return f"{self.parameter}={self.value!r} is not allowed; use {self.allowed}"


class CalibrationError(FakeproofError):
    """A scorer's card does not fit the detectors; names the detector and both versions."""


class IndexFormatError(FakeproofError):
    """A file is not a source index, or is damaged; names the file and what is wrong in it."""
