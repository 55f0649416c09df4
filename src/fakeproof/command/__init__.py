"""The command: what is asked, who does it, and with which status it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from fakeproof.command import cases, photos, sources
from fakeproof.command.asked import BadArgumentError, parser
from fakeproof.command.completion import script
from fakeproof.errors import FakeproofError

__all__ = ["main"]

VERBS = ("analyze", "case", "index", "fit", "kit", "demo", "completion")
CLOSED_PIPE = 141
"""Status of a program whose reader went away: 128 and the number of SIGPIPE, as shells count."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 all was done; 2 bad arguments (by SystemExit); 3 no photo could be read; 4 some photos could not be read or
        handed over; 141 who read the output went away.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] not in (*VERBS, "-h", "--help", "--version"):
        words.insert(0, "analyze")  # a photo alone is meant to be analysed
    asking = parser()
    asked = asking.parse_args(words)
    try:
        status = _RUN[asked.verb](asked)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on: what is still in the buffer must not be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except (BadArgumentError, FakeproofError, OSError) as error:
        asking.error(str(error))
    return status


_RUN = {
    "analyze": photos.analyze,
    "case": cases.case,
    "index": sources.index,
    "fit": cases.fit,
    "kit": sources.kit,
    "demo": cases.demo,
    "completion": script,
}
