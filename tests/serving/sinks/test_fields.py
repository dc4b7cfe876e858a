"""What a card says, and from which runs it is told."""

from datetime import date
from pathlib import Path

import pytest

from serving.schemas import Advice
from serving.sinks.changed import what_changed
from serving.sinks.docs import PAGE, card, filled
from serving.sinks.fields import FIELDS, known
from serving.sinks.record import record
from serving.sinks.told import told, trend
from tests.web.made_up import reason, scored, write_run

ROOT = Path(__file__).parents[3]
SEP, OCT, NOV = date(2026, 9, 6), date(2026, 10, 4), date(2026, 11, 1)


def values(scores: Path, customer: str) -> dict[str, object]:
    found = next(one for one in told(scores) if one.row["customer_id"] == customer)
    return dict(record(known(FIELDS, found.row), found).values)


def test_the_previous_score_is_of_the_run_before_however_long_ago(tmp_path: Path):
    for day, chance in ((SEP, 0.1), (OCT, 0.2), (NOV, 0.3)):
        write_run(tmp_path, day, [scored("ann", chance)])
    said = values(tmp_path, "ann")
    assert said["churn_probability_previous"] == 0.2
    assert (said["churn_trend"], said["churn_trend_since"]) == ("rising", SEP)


def test_a_score_of_another_horizon_is_not_compared(tmp_path: Path):
    write_run(tmp_path, OCT, [scored("ann", 0.1, horizon_days=30)])
    write_run(tmp_path, NOV, [scored("ann", 0.3)])
    said = values(tmp_path, "ann")
    assert (said["churn_probability_previous"], said["churn_trend"]) == (None, "new")
    assert said["churn_what_changed"] is None


@pytest.mark.parametrize(
    ("newest_first", "gives"),
    [
        ([0.30], ("new", NOV)),
        ([0.30, 0.20], ("rising", OCT)),
        ([0.30, 0.20, 0.25], ("rising", OCT)),
        ([0.20, 0.30, 0.40], ("falling", SEP)),
        ([0.20, 0.21, 0.20], ("steady", SEP)),
        ([], (None, None)),
    ],
)
def test_a_trend_lasts_since_the_run_from_which_the_score_moved_one_way(newest_first, gives):
    path = list(zip((NOV, OCT, SEP), newest_first, strict=False))
    assert trend(path) == gives


def test_ranks_are_inside_the_owners_book(tmp_path: Path):
    rows = [
        scored("a", 0.5, owner="Ana", mrr=100.0),
        scored("b", 0.5, owner="Ana", mrr=300.0),
        scored("c", 0.5, owner="Ben", mrr=1.0),
        scored("d", None, owner="Ben", insufficient="Signed up less than 28 days ago."),
    ]
    write_run(tmp_path, NOV, rows)
    ranks = {one.row["customer_id"]: one.rank for one in told(tmp_path)}
    assert ranks == {"b": 1, "a": 2, "c": 1, "d": None}


def test_what_changed_names_themes_and_reasons_that_came_and_went(tmp_path: Path):
    silent, late = reason("silent", "No use for 9 days", 4.0), reason("late", "Paid late", 3.0)
    write_run(tmp_path, OCT, [scored("ann", 0.2, reasons=(late,), themes={"billing": 12.0})])
    write_run(tmp_path, NOV, [scored("ann", 0.3, reasons=(silent,), themes={"usage": 22.0})])
    (found,) = told(tmp_path)
    assert what_changed(found) == (
        "Up 10 points, from 20 % to 30 %. By theme, in points: usage +22.0, billing -12.0. "
        "New: No use for 9 days. No longer among the reasons: Paid late."
    )


def test_a_score_that_moved_by_noise_is_told_in_two_words(tmp_path: Path):
    write_run(tmp_path, OCT, [scored("ann", 0.201, reasons=(reason("a", "A", 1.0),))])
    write_run(tmp_path, NOV, [scored("ann", 0.203, reasons=(reason("b", "B", 1.0),))])
    (found,) = told(tmp_path)
    assert what_changed(found) == "Unchanged at 20 %."


def test_a_text_fits_its_field(tmp_path: Path):
    write_run(tmp_path, NOV, [scored("ann", 0.3, reasons=(reason("a", "x" * 300, 1.0),))])
    said = str(values(tmp_path, "ann")["churn_reason_1"])
    assert (len(said), said[-2:]) == (255, "x…")


def test_a_play_is_recommended_or_the_customer_is_marked_as_left_alone(tmp_path: Path):
    advice = Advice(play="dunning", touch="high", grounds=("theme=billing",), due=NOV)
    write_run(tmp_path, NOV, [scored("a", 0.3, advice=advice), scored("b", 0.3, held_out=True)])
    names = ("churn_recommended_play", "churn_play_due")
    assert [values(tmp_path, "a")[name] for name in names] == ["dunning", NOV]
    assert [values(tmp_path, "b")[name] for name in names] == ["held_out", None]


def test_a_field_is_left_out_while_the_run_has_no_column_for_it():
    names = [field.name for field in known(FIELDS, ["customer_id"])]
    assert "churn_confidence" not in names
    assert "churn_recommended_play" not in names


def test_the_page_lists_every_field_as_declared():
    page = (ROOT / PAGE).read_text()
    assert page == filled(page)


def test_a_card_shows_values_as_a_person_reads_them(tmp_path: Path):
    write_run(tmp_path, NOV, [scored("ann", 0.256, mrr=1000.0)])
    shown = card(told(tmp_path)[0], "EUR")
    assert "| Churn probability | 25.6 % |" in shown
    assert "| Revenue at risk | EUR 3,072 |" in shown
    assert "| Churn band | Medium |" in shown
