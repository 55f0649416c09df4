"""Coverage-guided fuzzing: ``python tests/fuzz/fuzz_photo.py CORPUS_DIR -max_len=65536 -timeout=5 -rss_limit_mb=2048``.

Needs atheris, which is not part of any dependency group (it has no wheels for every Python). ``--write-corpus DIR``
writes the seeds to start from.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def main() -> None:
    """Fuzz, or write the corpus."""
    from tests.fuzz.seeds import seeds

    if "--write-corpus" in sys.argv:
        folder = Path(sys.argv[sys.argv.index("--write-corpus") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds().items():
            (folder / name).write_bytes(data)
        return
    import atheris

    with atheris.instrument_imports(include=["fakeproof"]):
        import fakeproof as fp
        from tests.fuzz.runner import look

    def one(data: bytes) -> None:
        with contextlib.suppress(fp.PhotoError):
            look(data, salvage=bool(data and data[-1] & 1))

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
