"""Every goal of speed and memory: `make bench`, or `python -m experiments.benchmarks NAME...`.

Ways that are compared run in turn within one run. What is measured replaces its lines in
latest.json, and the table in docs/performance.md is written anew; the run before is told beside.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from experiments.benchmarks.goals import Goal, line

HERE = Path(__file__).parent
LATEST, TABLE = HERE / "latest.json", HERE.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- begin: python -m experiments.benchmarks -->", "<!-- end -->"
Rows = Callable[[], Iterable[Goal]]


def _of(module: str) -> Rows:
    """The goals of a module, which is read only when it is asked for."""

    def goals() -> Iterable[Goal]:
        found: Iterable[Goal] = import_module(f"experiments.benchmarks.{module}").rows()
        return found

    return goals


NAMES = (
    "vectors", "peers", "training", "explanations", "nights", "by_id", "load", "page", "growth",
    "spark",
)  # fmt: skip
GROUPS: Mapping[str, Rows] = {name: _of(name) for name in NAMES}


def main(arguments: list[str] | None = None) -> None:
    """Measure the groups named, or all; print a line a goal, and keep them."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="NAME", help=", ".join(GROUPS))
    asked = parser.parse_args(arguments).groups or list(GROUPS)
    if unknown := set(asked) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    for group in asked:
        found = []
        for goal in GROUPS[group]():
            sys.stdout.write(line(goal) + _before(goal))
            sys.stdout.flush()
            found.append(goal)
        if found:
            keep(group, found)


def keep(group: str, found: Iterable[Goal]) -> None:
    """Puts a group's goals in the place of those of its last run, and the table into the docs."""
    others = [row for row in _kept() if row["group"] != group]
    rows = others + [{**asdict(goal), "group": group, "machine": machine()} for goal in found]
    rows.sort(key=lambda row: list(GROUPS).index(row["group"]))
    _replace(LATEST, json.dumps(rows, indent=2) + "\n")
    if TABLE.exists():
        before, rest = TABLE.read_text().split(BEGIN)
        _replace(TABLE, f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.split(END)[1]}")


def table(rows: Iterable[Mapping[str, object]]) -> str:
    """The goals as a table for the docs."""
    lines = ["| goal | measured | met | how |", "|---|---|---|---|"]
    for row in rows:
        met = "yes" if row["met"] else "**no**"
        lines.append(f"| {row['goal']} | {row['ratio']:g} | {met} | {row['how']} |")
    return "\n".join(lines)


def machine() -> str:
    """What was measured on: processors and the versions that matter."""
    named = " ".join(f"{name} {version(name)}" for name in ("duckdb", "lightgbm", "numba"))
    cores, python = os.cpu_count(), platform.python_version()
    return f"{cores} cores, {platform.machine()}, Python {python}, {named}"


def _before(goal: Goal) -> str:
    """What the last run found, where it was another figure."""
    for row in _kept():
        if row["goal"] == goal.goal and row["ratio"] != goal.ratio:
            return f"{'':7}{row['ratio']:10.4g}  in the last run\n"
    return ""


def _kept() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(LATEST.read_text()) if LATEST.exists() else []
    return [row for row in rows if row.get("group") in GROUPS]


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".partial")
    unfinished.write_text(text)
    unfinished.replace(file)


if __name__ == "__main__":
    main()
