"""A directive that shows a table of docs/benchmarks.md where it is needed, so that no figure is typed twice.

``:::{measured} Title of the table`` with an optional ``:rows:``, a regular expression that the first cell must match.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList

PAGE = Path(__file__).parent.parent / "benchmarks.md"


def table_of(text: str, title: str, rows: str = "") -> tuple[list[str], str]:
    """Return a table's lines and the line that says when and how its section was measured."""
    for section in re.split(r"(?m)^## ", text)[1:]:
        found = re.search(rf"(?m)^### {re.escape(title)}.*\n((?:\n|\|.*\n?)+)", section)
        if found:
            lines = [line for line in found[1].splitlines() if line.startswith("|")]
            kept = [line for line in lines[2:] if re.search(rows, line.split("|")[1])]
            said = section.splitlines()[2].strip()
            return lines[:2] + kept, said
    return [], ""


class Measured(Directive):
    """The directive."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"rows": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the table, with where it comes from; a plain sentence where the section was not run yet."""
        lines, said = table_of(PAGE.read_text(encoding="utf-8"), self.arguments[0], self.options.get("rows", ""))
        if len(lines) < 3:
            lines = ["Not measured yet: this section of the benchmarks has not been run on this release."]
            said = ""
        body = [*lines, "", said]
        holder = nodes.container()
        self.state.nested_parse(StringList(body, source=str(PAGE)), self.content_offset, holder)
        return [holder]


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
