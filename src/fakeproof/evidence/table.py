"""Tables of findings as rows: one a photo, a column a detector, labels named like the categories; from any frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fakeproof.errors import CalibrationError, ParameterError
from fakeproof.types import Category

__all__ = ["columns", "groups_of", "label", "rows_of", "value", "versions_of"]

Row = Mapping[str, Any]


def rows_of(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a pandas or polars frame, an Arrow table, or a sequence of mappings."""
    for name in ("to_pylist", "to_dicts"):  # Arrow, polars
        if hasattr(table, name):
            return list(getattr(table, name)())
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        return list(table.to_dict("records"))
    return [dict(row) for row in table]


def label(row: Row, category: Category) -> bool | None:
    """Return whether the category is true of a photo; None where that is not known."""
    given = value(row, category.value)
    if given != given:
        return None
    if given not in (0, 1):
        raise ParameterError(category.value, row[category.value], "0, 1 or empty")
    return bool(given)


def value(row: Row, name: str) -> float:
    """Return a cell's number, NaN where it is empty: None, NaN, pandas' NA, or an empty text of a CSV file."""
    cell = row.get(name)
    if cell is None or type(cell).__name__ == "NAType" or cell == "":
        return float("nan")
    try:
        return float(cell)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"table[{name}]", cell, "numbers, or empty cells") from error


def groups_of(rows: Sequence[Row], groups: Any) -> list[str]:
    """Return each row's group: of a column, or as given; its own where nothing is."""
    if groups is None:
        return [str(i) for i in range(len(rows))]
    if isinstance(groups, str):
        if any(groups not in row for row in rows):
            raise ParameterError("groups", groups, "a column of the table, or one value a row")
        return [str(row[groups]) for row in rows]
    keys = [str(g) for g in groups]
    if len(keys) != len(rows):
        raise ParameterError("groups", f"{len(keys)} values", f"one a row, {len(rows)}")
    return keys


def versions_of(rows: Iterable[Row]) -> dict[str, int]:
    """Return the detectors' versions, which must be the same in all rows."""
    out: dict[str, int] = {}
    for row in rows:
        stored = row.get("versions")
        read = json.loads(stored) if isinstance(stored, str) and stored else stored
        for name, version in (read if isinstance(read, Mapping) else {}).items():
            if version is not None and out.setdefault(name, int(version)) != int(version):
                raise CalibrationError(f"{name}: the table mixes versions {out[name]} and {version}")
    return out


def columns(rows: Iterable[Row]) -> list[str]:
    """Return the names of all columns that hold a number in some row, in their order."""
    return list(dict.fromkeys(name for row in rows for name, cell in row.items() if isinstance(cell, int | float)))
