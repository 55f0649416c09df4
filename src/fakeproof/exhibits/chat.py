"""The chat beside a photo: which message brought it, what was said in it; quoted, never judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeproof.findings import shown_name
from fakeproof.metadata import identity
from fakeproof.types import Language
from fakeproof.words import text

if TYPE_CHECKING:
    from fakeproof.order import Message
    from fakeproof.verdict import Verdict

__all__ = ["brought", "carried_by", "chat_lines"]


def carried_by(verdict: Verdict) -> tuple[Message, ...]:
    """Return the messages that carried the photo, by its name as stored or as received, or its SHA-256."""
    order, photo = verdict.order, verdict.photo
    if order is None:
        return ()
    names = {photo.sha256, shown_name(photo.name), *map(shown_name, order.names_of(photo.name, photo.sha256))}
    return tuple(m for m in order.messages if m.photo and shown_name(m.photo) in names)


def brought(verdict: Verdict) -> Message | None:
    """Return the buyer's first message that carried the photo."""
    return next((m for m in carried_by(verdict) if m.side == "buyer"), None)


def chat_lines(verdict: Verdict, lang: Language) -> list[str]:
    """Return the messages that carried the photo, what was sent twice, and the file's own time beside them."""
    carrying = carried_by(verdict)
    lines = []
    for message in carrying:
        said = text("overview.with_photo", lang, said=message.text, photo=shown_name(message.photo))
        side = text(f"side.{message.side}", lang)
        lines.append(text("overview.message", lang, at=f"{message.at:%Y-%m-%d %H:%M}", side=side, said=said))
    times = [f"{m.at:%Y-%m-%d %H:%M}" for m in carrying]
    if len(times) > 1:
        lines.append(text("overview.twice", lang, count=len(times), times=times))
    taken = str(_taken(verdict) or "")
    if taken and times:
        lines.append(text("overview.times", lang, taken=taken[:16].replace("T", " "), sent=times[0]))
    return lines


def _taken(verdict: Verdict) -> object:
    from fakeproof.verdict import opened

    return next((identity(photo).get("taken_at") for photo in opened((verdict.photo,))), None)
