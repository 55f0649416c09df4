"""python -m benchmarks.training status | build --data DIR [NAME …] | carry DETECTOR … | digests."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from benchmarks.frame import Options
from benchmarks.training.parts import Part, carried, data_files, parts, state
from benchmarks.training.store import Store
from benchmarks.training.versions import present, take, versions
from fakeproof.artefact import Head, shipped

DIGESTS = Path(__file__).parent.parent.parent / "tests" / "golden" / "data_files.json"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the status is 1 where something is stale."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="what each part was fitted on, and what is stale")
    build = commands.add_parser("build", help="fit parts anew, each after what it needs; goes on where it was stopped")
    build.add_argument("names", nargs="*", metavar="NAME", help="parts to fit; all that are stale by default")
    build.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    build.add_argument("--limit", type=int, help="at most so many cases a part")
    build.add_argument("--seed", type=int, default=0)
    build.add_argument("--jobs", type=int, default=1, help="processes that read photos")
    build.add_argument("--minutes", type=float, help="read photos for so long at most, then fit on what there is")
    build.add_argument(
        "--by-version", action="store_true", help="take what other code of the same version read, not read it again"
    )
    build.add_argument(
        "--read-by",
        nargs="+",
        default=[],
        metavar="DETECTOR=VERSION",
        help="fit on what an earlier version read, and vouch that the fit serves the present one",
    )
    carry = commands.add_parser("carry", help="vouch that parts serve detectors that changed, until the next fit")
    carry.add_argument("detectors", nargs="+")
    commands.add_parser("digests", help="write the digests of the data files that are shipped")
    asked = parser.parse_args(arguments)
    if asked.command == "status":
        return status()
    if asked.command == "build":
        known = parts()
        unknown = [name for name in asked.names if name not in known]
        if unknown:
            parser.error(f"{', '.join(unknown)}: no learned part; there are {', '.join(known)}")
        take({name: int(version) for name, _, version in (said.partition("=") for said in asked.read_by)})
        store = Store(jobs=asked.jobs, minutes=asked.minutes, by_version=asked.by_version)
        fit(asked.names, Options(asked.data.resolve(), asked.limit, seed=asked.seed, jobs=asked.jobs), store)
    if asked.command == "carry":
        vouch(asked.detectors)
    write_digests()
    return 0


def status() -> int:
    """Print each part, what it was fitted on, and its state; return 1 where one is stale."""
    known, worst = versions(), 0
    for part in parts().values():
        said = state(part, known)
        head = shipped(part.name).head
        on = ", ".join(f"{n} {v}" for n, v in head.detectors.items() if n in part.detectors)
        print(f"{part.name}\n  {said}\n  {head.command}, data {head.data[:12] or 'unknown'}, on {on or 'no detector'}")
        worst |= said.startswith("stale")
    return worst


def fit(names: list[str], options: Options, store: Store) -> None:
    """Fit the parts named, or the stale ones, in the order of what they need."""
    known = present()
    for part in parts().values():
        if part.name in names or (not names and state(part, known).startswith("stale")):
            print(f"{part.name}: fitting")
            part.fit(options, store, part.head(options))


def vouch(detectors: list[str]) -> None:
    """Write into the heads that the parts serve the present versions of these detectors."""
    known = versions()
    for part in parts().values():
        head = shipped(part.name).head
        moved = carried(head, known, detectors)
        if moved != head:
            write_head(part, moved)
            print(f"{part.name}: {dict(moved.carried)}")


def write_head(part: Part, head: Head) -> None:
    """Change a part's head and nothing else in its file."""
    text = part.path.read_text(encoding="utf-8")
    before = shipped(part.name).head.to_dict()
    values = json.loads(text)
    compact, ordered = "\n" not in text.strip(), list(values) == sorted(values)
    values["head"] = replace(head).to_dict()
    assert before != values["head"]
    layout = {"separators": (",", ":")} if compact else {"indent": 1}
    part.path.write_text(json.dumps(values, ensure_ascii=False, sort_keys=ordered, **layout) + "\n", encoding="utf-8")


def write_digests() -> None:
    """Write the digest of every data file that is shipped; the tests hold the files against them."""
    DIGESTS.write_text(json.dumps(data_files(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
