"""Write ``rules.md``, the page of all metadata rules and markers, from the package's tables.

Run ``python docs/metadata/make_rules.py``; a test compares the page with what this makes.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from fakeproof.metadata import DETECTORS, STRENGTHS, RuleSet, load_rules

PAGE = Path(__file__).with_name("rules.md")
TITLES = {
    "exif": "EXIF against itself and the picture",
    "software": "Programs that wrote the file",
    "ai_labels": "Declarations about AI",
    "platforms": "Where the file has been",
    "rights": "Who owns or published it",
    "structure": "How the file is built",
    "order_context": "Against the order",
}
HEAD = """# All metadata rules

This page is generated from the tables in `fakeproof/metadata/tables` and `fakeproof/reading/tables`. Scores: neutral 0, weak 1, moderate 2, strong 3,
decisive 4; from moderate on a rule supports its category by itself. Strengths are proposals that calibration replaces.
No rule rests on something being absent.
"""
OWN = """
## Your own rules and markers

Any TOML file of this form adds to them: `fp.metadata.check(photo, rules=["mine.toml"])`. A rule with a known id replaces
it, markers are added, entries of tables (`[producers]`, `[screens]`, `[clocks]` …) are merged. A mistake raises
`ParameterError` with the file, the entry and what is allowed.

```toml
[[marker]]
rule = "software.phone_editor"
name = "修图大师"
in = ["exif.Software", "xmp.CreatorTool"]   # or a group: "signed"
text = ["xiutu-dashi"]                      # or pattern = a regular expression
source = "three files saved by version 3 on our test phone"
```

Fields: `exif.<tag>`, `xmp.<name>`, `iptc.<name>` (names as exiftool spells them), `text.<PNG keyword>`, `comment`, `app`,
`c2pa.generator`, `c2pa.agent`, `c2pa.action`, `c2pa.source_type`, `samsung.name`, and `name`, the file's name.
"""


def page(rules: RuleSet) -> str:
    """Return the page's text."""
    markers = defaultdict(list)
    for marker in rules.markers:
        markers[marker.rule].append(marker)
    parts = [HEAD]
    for detector, category in DETECTORS.items():
        own = [r for r in rules.rules.values() if r.detector == detector]
        own.sort(key=lambda r: -STRENGTHS[r.strength])
        parts.append(f"\n## `{detector}`: {TITLES[detector]} (category *{category.label()}*)\n")
        parts.append("| rule | kind | strength | what it says | source |\n|---|---|---|---|---|")
        parts += [
            f"| `{_name(r.id)}` | {r.kind} | {r.strength} | {_cell(r.statement)} | {_cell(r.source)} |" for r in own
        ]
        listed = [(r, m) for r in own for m in markers[r.id]]
        if listed:
            parts.append("\n| marker | fires | in | looks for | source |\n|---|---|---|---|---|")
            parts += [_marker_row(r.id, m) for r, m in listed]
    return "\n".join(parts) + "\n" + OWN


def _marker_row(rule: str, marker: object) -> str:
    texts = getattr(marker, "texts", ()) or (marker.pattern.pattern,)  # type: ignore[attr-defined]
    fields = marker.fields  # type: ignore[attr-defined]
    shown = ", ".join(f"`{f}`" for f in fields[:3]) + (f" and {len(fields) - 3} more" if len(fields) > 3 else "")
    strength = f" ({marker.strength})" if marker.strength else ""  # type: ignore[attr-defined]
    wanted = ", ".join(f"`{_cell(t)}`" for t in texts)
    return f"| {_cell(marker.name)} | `{_name(rule)}`{strength} | {shown} | {wanted} | {_cell(marker.source)} |"  # type: ignore[attr-defined]


def _name(rule: str) -> str:
    return rule.partition(".")[2]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(load_rules()), encoding="utf-8")
