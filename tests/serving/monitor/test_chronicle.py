"""The chronicle: since when a finding stands, and when it is over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from features.errors import Busy, ContractError
from serving.monitor.chronicle import FILE, Chronicle, alone, read, write
from serving.monitor.finding import Check, Finding, Severity
from serving.monitor.look import Look

GIVEN = {"table": "usage", "last": "2026-10-20", "days": "12", "limit": "4"}
STALE = Finding(Check.FRESHNESS, "usage", Severity.WARNING, "stale", GIVEN)
DAY = date(2026, 11, 1)


def looked(days: int, *findings: Finding) -> Look:
    """A look so many days after the first."""
    today = DAY + timedelta(days=days)
    at = datetime(today.year, today.month, today.day, 3, tzinfo=UTC)
    return Look(at, today, DAY, "v1", 100, {Check.BANDS: ({"band": "low", "now": 1.0},)}, findings)


def after(*looks: Look) -> Chronicle:
    told = Chronicle()
    for look in looks:
        told = told.after(look)
    return told


def test_a_finding_stands_since_the_day_it_was_first_seen_however_severe_it_is_by_now() -> None:
    worse = replace(STALE, severity=Severity.CRITICAL)
    [stood] = after(looked(0, STALE), looked(1, STALE), looked(2, worse)).standing
    assert (stood.since, stood.seen, stood.finding.severity) == (
        DAY, DAY + timedelta(days=2), Severity.CRITICAL,
    )  # fmt: skip


def test_one_look_without_it_may_be_chance_and_two_are_its_end() -> None:
    once = after(looked(0, STALE), looked(1))
    assert [each.missed for each in once.standing] == [1]
    assert once.over == ()
    back = once.after(looked(2, STALE))
    assert [(each.since, each.missed) for each in back.standing] == [(DAY, 0)]
    gone = once.after(looked(2))
    assert gone.standing == ()
    assert [(each.since, each.until) for each in gone.over] == [(DAY, DAY + timedelta(days=2))]


def test_what_comes_back_after_its_end_is_new() -> None:
    again = after(looked(0, STALE), looked(1), looked(2), looked(9, STALE))
    assert [each.since for each in again.standing] == [DAY + timedelta(days=9)]
    assert len(again.over) == 1


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read(tmp_path) == Chronicle()
    told = after(looked(0, STALE), looked(1), looked(2), looked(3, STALE))
    write(tmp_path, told)
    assert read(tmp_path) == told
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"format": 9}', '{"format": 1}'])
def test_a_broken_file_is_named_and_not_written_over(tmp_path: Path, broken: str) -> None:
    (tmp_path / FILE).write_text(broken)
    with pytest.raises(ContractError, match=FILE):
        read(tmp_path)


def test_two_looks_at_once_are_one_and_a_busy_one(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(Busy), alone(tmp_path):
        pass


def test_a_finding_is_told_in_whole_sentences() -> None:
    assert STALE.what == ("The table usage ends on 2026-10-20, 12 days ago; it may be 4 days old.")
    assert STALE.do.startswith("Look at the job that loads it.")
