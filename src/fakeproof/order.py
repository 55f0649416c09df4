"""What the merchant knows about the order; the context in which times and places mean something."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from fakeproof.errors import ParameterError
from fakeproof.types import Category

__all__ = ["Message", "Order", "Report", "read_messages"]

SIDES = ("buyer", "shop", "platform")
"""Who writes messages."""
_TIMES = ("placed_at", "shipped_at", "delivered_at", "reported_at", "refunded_at", "appeal_until")


def _is_place(value: Any) -> bool:
    if not isinstance(value, Sequence) or len(value) != 2 or not all(isinstance(v, int | float) for v in value):
        return value is None
    return bool(-90 <= value[0] <= 90 and -180 <= value[1] <= 180)


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, kind) for v in value)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of the chat about an order.

    Parameters
    ----------
    at : datetime
        With a time zone.
    side : {'buyer', 'shop', 'platform'}
    text : str
        As it was written; it is quoted, never judged.
    photo : str
        Name of the picture that it carried.
    """

    at: datetime
    side: str
    text: str = ""
    photo: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.at, datetime) or self.at.tzinfo is None:
            raise ParameterError(
                "message at", str(self.at), "a time with a time zone, such as 2026-05-01T12:00:00+08:00"
            )
        if self.side not in SIDES:
            raise ParameterError("message side", self.side, SIDES)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Make a message from JSON or CSV values."""
        known = _known("message", values, cls)
        return cls(**{**known, "at": _moment("message at", known.get("at")), "side": str(known.get("side", ""))})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"at": self.at.isoformat(), "side": self.side, "text": self.text, "photo": self.photo}


@dataclass(frozen=True, kw_only=True)
class Report:
    """An earlier report of this order.

    Parameters
    ----------
    at : datetime
        With a time zone.
    category : Category or str
        The reason that was chosen.
    photo : str
        Name or SHA-256 of the photo that was reported.
    outcome : str
        What the platform answered, if it did.
    """

    at: datetime
    category: Category
    photo: str = ""
    outcome: str = ""

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Make a report from JSON values."""
        known = _known("report", values, cls)
        named = str(known.get("category", ""))
        if named not in list(Category):
            raise ParameterError("report category", named, [c.value for c in Category])
        return cls(**{**known, "at": _moment("report at", known.get("at")), "category": Category(named)})

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "at": self.at.isoformat(),
            "category": self.category.value,
            "photo": self.photo,
            "outcome": self.outcome,
        }


def _known(what: str, values: Any, cls: type) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise ParameterError(what, values, "an object")
    names = {f.name for f in fields(cls)}
    for name in values:
        if name not in names:
            raise ParameterError(f"{what} field", name, sorted(names))
    return dict(values)


def _moment(what: str, value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ParameterError(what, value, "ISO 8601, such as 2026-05-01T12:00:00+08:00") from None


def read_messages(path: str | Path) -> tuple[Message, ...]:
    r"""Read a chat from CSV (columns ``at``, ``side``, ``text``, ``photo``) or JSON (a list of such objects).

    Raises
    ------
    ParameterError
        Names the file, the line or entry, the value and what is allowed.

    Examples
    --------
    >>> from pathlib import Path; from tempfile import TemporaryDirectory
    >>> from fakeproof.order import read_messages
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "chat.csv")
    ...     _ = file.write_text("at,side,text,photo\n2026-05-03T14:02:00+08:00,buyer,broken,1.jpg\n", encoding="utf-8")
    ...     read_messages(file)[0].photo
    '1.jpg'
    """
    path = Path(path)
    try:
        content = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            rows = json.loads(content)
            numbered = enumerate(rows if isinstance(rows, list) else [rows], 1)
        else:
            numbered = enumerate(csv.DictReader(io.StringIO(content, newline="")), 2)  # the heading is line 1
    except (OSError, ValueError) as error:
        raise ParameterError("messages", str(path), f"a readable CSV or JSON file in UTF-8 ({error})") from None
    out = []
    for number, row in numbered:
        try:
            out.append(Message.from_dict(row))
        except (ParameterError, TypeError) as error:
            raise ParameterError(f"{path.name}, line {number}", row, f"at, side, text, photo ({error})") from None
    return tuple(sorted(out, key=lambda message: message.at))


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ship_to": (_is_place, "(latitude -90 to 90, longitude -180 to 180)"),
    "file_names": (lambda value: _all(value, str), "a tuple of names"),
    "others": (lambda value: _all(value, Mapping), "mappings as fakeproof.metadata.identity makes them"),
    "product_is_screen": (lambda value: isinstance(value, bool), "True or False"),
    "messages": (lambda value: _all(value, Message), "a tuple of Message"),
    "reports": (lambda value: _all(value, Report), "a tuple of Report"),
    "report_limit": (
        lambda value: value is None or (isinstance(value, int) and value > 0),
        "a number of reports, or None",
    ),
    "received_as": (lambda value: isinstance(value, Mapping), "a mapping of stored names to received ones"),
    "sender_key": (lambda value: isinstance(value, bytes), "bytes"),
}
"""Fields that JSON may hold in another shape: whether a value fits, and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order and its after-sales case.

    Parameters
    ----------
    placed_at, shipped_at, delivered_at, reported_at : datetime, optional
        With a time zone; a time without one is refused, because eight hours decide.
    ship_to : tuple of float, optional
        (latitude, longitude) in degrees, WGS-84.
    file_names : tuple of str
        Names of the files as they were received; the platform may rename them.
    number : str
        The order's number, as the shop writes it.
    others : tuple of mapping
        Earlier photos of this shop: any of ``sha256``, ``order``, ``identifiers``, ``serial``, ``model``,
        ``taken_at``, ``sender``; ``fp.metadata.identity(photo, order=...)`` makes such an entry.
    sender_key : bytes
        The key with which ``identity`` hashed the senders in `others`; kept out of `to_dict` and of every report.
    product_is_screen : bool
        The product is a screen (a phone, a monitor), or the buyer was asked to photograph one: a chat, a bill. Then a
        photo of a screen speaks for nothing.
    received_as : mapping
        The name as received for a photo that is stored under another: by stored name or SHA-256.

    messages : tuple of Message
        The chat, which the platform judges beside the report; :func:`read_messages` reads one from a file.
    reports : tuple of Report
        Earlier reports of this order.
    report_limit : int or None
        How many reports the platform takes for one order, as far as it is known.
    refunded_at, appeal_until : datetime, optional
        When the order was refunded already, and until when an appeal is possible.

    Examples
    --------
    >>> from fakeproof import Order
    >>> from datetime import datetime, timezone, timedelta
    >>> zone = timezone(timedelta(hours=8))
    >>> Order(placed_at=datetime(2026, 5, 1, 12, tzinfo=zone)).placed_at.isoformat()
    '2026-05-01T12:00:00+08:00'
    """

    placed_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    reported_at: datetime | None = None
    ship_to: tuple[float, float] | None = None
    file_names: tuple[str, ...] = ()
    number: str = ""
    others: tuple[Mapping[str, Any], ...] = ()
    received_as: Mapping[str, str] = field(default_factory=dict)
    sender_key: bytes = field(default=b"", repr=False, compare=False)
    product_is_screen: bool = False
    messages: tuple[Message, ...] = ()
    reports: tuple[Report, ...] = ()
    report_limit: int | None = None
    refunded_at: datetime | None = None
    appeal_until: datetime | None = None

    def __post_init__(self) -> None:
        for name in _TIMES:
            value = getattr(self, name)
            if value is not None and not isinstance(value, datetime):
                raise ParameterError(name, value, "a datetime with a time zone")
            if value is not None and value.tzinfo is None:
                raise ParameterError(name, value.isoformat(), "a datetime with a time zone, such as +08:00")
        for name, (fits, allowed) in _SHAPES.items():
            value = getattr(self, name)
            if not fits(value):
                raise ParameterError(name, value, allowed)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make an order from JSON values; times are ISO 8601 with an offset."""
        if not isinstance(values, Mapping):
            raise ParameterError("order", values, 'a JSON object such as {"placed_at": "2026-05-01T12:00:00+08:00"}')
        known = {f.name for f in fields(cls) if f.name != "sender_key"}
        for name in values:
            if name not in known:
                raise ParameterError("order field", name, sorted(known))
        out = dict(values)
        for name in _TIMES:
            if isinstance(out.get(name), str):
                try:
                    out[name] = datetime.fromisoformat(out[name])
                except ValueError:
                    raise ParameterError(name, out[name], "ISO 8601, such as 2026-05-01T12:00:00+08:00") from None
        for name, kind in (("messages", Message), ("reports", Report)):
            if isinstance(out.get(name), list):
                out[name] = tuple(kind.from_dict(item) for item in out[name])  # type: ignore[attr-defined]
        for name in ("file_names", "others", "ship_to"):
            if isinstance(out.get(name), list):
                out[name] = tuple(out[name])
        return cls(**out)

    def to_dict(self) -> dict[str, Any]:
        """Return the order as JSON-ready values; what is unset is left out."""
        out: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "sender_key" or value is None or value is False or value in ((), "") or value == {}:
                continue
            out[f.name] = value.isoformat() if isinstance(value, datetime) else value
        for name in ("file_names", "ship_to", "others"):
            if name in out:
                out[name] = [dict(v) if isinstance(v, Mapping) else v for v in out[name]]
        for name in ("messages", "reports"):
            if name in out:
                out[name] = [item.to_dict() for item in out[name]]
        if self.received_as:
            out["received_as"] = dict(self.received_as)
        return out

    def names_of(self, name: str, sha256: str = "") -> tuple[str, ...]:
        """Return the names under which one photo was received, as far as the order can tell.

        That is its entry in `received_as`; else the order's only file name; else the one that equals its own.

        Examples
        --------
        >>> from fakeproof import Order
        >>> Order(file_names=("mmexport1714550400000.jpg",)).names_of("1.jpg")
        ('mmexport1714550400000.jpg',)
        """
        base = name.replace("\\", "/").rpartition("/")[2]
        for key in (sha256, name, base):
            if key and key in self.received_as:
                return (self.received_as[key],)
        if len(self.file_names) == 1:
            return self.file_names
        return tuple(n for n in self.file_names if n == base)

    def utc(self, name: str) -> datetime | None:
        """Return one of the four times in UTC."""
        value: datetime | None = getattr(self, name)
        return value.astimezone(UTC) if value else None
