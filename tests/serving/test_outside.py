"""What goes wrong outside - disks, files, encodings - ends a command with a name and a way out."""

import json
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest

import churn
from features import sources
from features.errors import ExitCode, SourceError, TargetError
from features.history import History
from features.outside import worded
from features.settings import Settings, read_settings
from serving.opening import history_if_any
from tests.disks import mounted
from tests.features import postgres
from tests.serving.company import AS_OF
from tests.serving.server import free_port

Ended = Callable[..., tuple[int, str]]


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Ended:
    """How a command line ends: its exit code, and what it says of the error."""

    def ran(*arguments: str | Path) -> tuple[int, str]:
        try:
            churn.main([*map(str, arguments), "--json"])
        except SystemExit as end:
            code, said = int(end.code or 0), capsys.readouterr().err.strip().splitlines()
            return code, json.loads(said[-1])["message"] if code else ""
        return 0, ""

    return ran


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    """A history of its own, to be spoilt."""
    shutil.copytree(home / "history", tmp_path / "history")
    return tmp_path / "history"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 24 kB."""
    yield from mounted(tmp_path / "small", "size=24k")


@pytest.fixture
def snug(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 96 kB."""
    yield from mounted(tmp_path / "snug", "size=96k")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A disk that cannot be written."""
    yield from mounted(tmp_path / "read-only", "ro")


def vectors(history: Path, out: Path) -> tuple[str | Path, ...]:
    return "features", "--history", history, "--as-of", str(AS_OF), "--out", out


def as_csv(history: Path, table: str, **how: str) -> pd.DataFrame:
    """One table as CSV instead; returns its rows."""
    rows = pd.read_parquet(history / f"{table}.parquet")
    (history / f"{table}.parquet").unlink()
    rows.to_csv(history / f"{table}.csv", index=False, **how)  # type: ignore[call-overload]
    return rows


@pytest.mark.parametrize("kept", [0, 4, 1000])
def test_a_file_that_was_cut_short_is_named(ended: Ended, copied: Path, kept: int):
    file = copied / "usage.parquet"
    file.write_bytes(file.read_bytes()[:kept])
    code, said = ended(*vectors(copied, copied.parent / "vectors.parquet"))
    assert code == ExitCode.CONTRACT
    assert str(file) in said
    assert "cut short" in said
    assert not (copied.parent / "vectors.parquet").exists()


@pytest.mark.parametrize("command", ["features", "check", "compact"])
def test_a_file_that_is_damaged_inside_is_named_when_it_is_read(
    ended: Ended, copied: Path, command: str
):
    file = copied / "usage.parquet"
    told = bytearray(file.read_bytes())
    told[200 : len(told) // 2] = b"x" * (len(told) // 2 - 200)
    file.write_bytes(told)
    to = copied.parent / "to"
    more = {"features": ("--as-of", str(AS_OF), "--out", to), "compact": ("--to", to)}
    code, said = ended(command, "--history", copied, *more.get(command, ()))
    assert code == ExitCode.CONTRACT
    assert str(file) in said
    assert "Write the file again" in said
    assert not any(to.glob("*.parquet"))
    assert not to.is_file()


def test_a_byte_order_mark_is_no_part_of_the_first_columns_name(ended: Ended, copied: Path):
    as_csv(copied, "customers", encoding="utf-8-sig")
    assert (copied / "customers.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert ended(*vectors(copied, copied.parent / "vectors.parquet")) == (0, "")


@pytest.mark.parametrize("rows", [1, 30_000])
def test_another_encoding_is_named_with_the_way_out_wherever_it_begins(
    ended: Ended, copied: Path, rows: int
):
    as_csv(copied, "usage")
    with (copied / "usage.csv").open("r+b") as file:  # far behind what is looked at beforehand
        head, *lines = file.read().splitlines(keepends=True)
        spoilt = lines[0].replace(b"login", "exporté".encode("latin-1"))
        file.seek(0)
        file.writelines([head, *(lines * 9)[:rows], spoilt])
        file.truncate()
    code, said = ended(*vectors(copied, copied.parent / "vectors.parquet"))
    assert code == ExitCode.CONTRACT
    assert str(copied / "usage.csv") in said
    assert "iconv" in said
    assert not (copied.parent / "vectors.parquet").exists()


def test_dates_that_nobody_can_read_are_no_company_without_customers(ended: Ended, copied: Path):
    rows = pd.read_parquet(copied / "customers.parquet")
    told = rows.assign(created_at=rows["created_at"].dt.strftime("%d/%m/%Y"))
    (copied / "customers.parquet").unlink()
    told.to_csv(copied / "customers.csv", index=False)
    out = copied.parent / "vectors.parquet"
    code, said = ended(*vectors(copied, out))
    assert code == ExitCode.CONTRACT
    assert "table 'customers'" in said
    assert "date_format" in said
    assert ended(*vectors(copied, out), "--date-format", "%d/%m/%Y") == (0, "")


def test_a_table_that_vanishes_while_it_is_read_is_named(
    ended: Ended, copied: Path, monkeypatch: pytest.MonkeyPatch
):
    def opened_and_gone(location: str, date_format: str = "") -> History:
        found = OPENED(location, date_format)
        (copied / "usage.parquet").unlink()
        return found

    monkeypatch.setattr(sources, "opened", opened_and_gone)
    code, said = ended(*vectors(copied, copied.parent / "vectors.parquet"))
    assert code == ExitCode.CONTRACT
    assert str(copied / "usage.parquet") in said
    assert "was there and is gone" in said


OPENED = sources.opened


@pytest.fixture(scope="module")
def database(home: Path) -> Iterator[str]:
    """The history in a PostgreSQL server."""
    try:
        with postgres.served() as url:
            written = ibis.connect(url)
            for file in (home / "history").glob("*.parquet"):
                written.create_table(file.stem, pq.read_table(file))
            written.disconnect()
            yield url
    except postgres.Unavailable as why:
        pytest.skip(f"no PostgreSQL: {why}")


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
         "PostgreSQL does not answer"),
        ("DROP TABLE usage", 'relation "usage" does not exist'),
    ],
)  # fmt: skip
def test_a_data_base_that_goes_away_while_it_is_read_is_named(
    ended: Ended,
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
    told: str,
):
    held: list[Any] = []

    def opened_and_gone(location: str, date_format: str = "") -> History:
        found = OPENED(location, date_format)
        with psycopg.connect(location, autocommit=True) as other:
            other.execute(meanwhile)
        held.append(found.tables["customers"].get_backend())
        return found

    monkeypatch.setattr(sources, "opened", opened_and_gone)
    code, said = ended("features", "--history", database, "--as-of", AS_OF, "--out", tmp_path / "v")
    held[0].disconnect()
    assert (code, told in said) == (ExitCode.CONTRACT, True), said
    assert list(tmp_path.iterdir()) == []


def test_a_data_base_that_is_not_there_is_named_without_its_password(ended: Ended):
    code, said = ended("check", "--history", f"postgres://churn:geheim@127.0.0.1:{free_port()}/x")
    assert (code, "Connection refused" in said) == (ExitCode.CONTRACT, True)
    assert "geheim" not in said


def test_a_service_does_not_start_without_the_history_that_was_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    assert history_if_any(Settings(home=home.parent / "nowhere")).tables == {}
    monkeypatch.setenv("CHURN_HISTORY", f"postgres://churn@127.0.0.1:{free_port()}/x")
    with pytest.raises(SourceError, match="does not answer"):
        history_if_any(read_settings())


def test_a_full_disk_keeps_the_file_of_before_and_nothing_beside_it(
    ended: Ended, home: Path, small: Path
):
    out = small / "vectors.parquet"
    out.write_bytes(b"of before")
    code, said = ended(*vectors(home / "history", out))
    assert code == ExitCode.TARGET
    assert f"{out} cannot be written: the disk is full" in said
    assert [file.name for file in small.iterdir()] == ["vectors.parquet"]
    assert out.read_bytes() == b"of before"


def test_a_night_on_a_full_disk_publishes_nothing(
    ended: Ended, home: Path, small: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHURN_HOME", str(home))
    code, said = ended("score", "--as-of", AS_OF.isoformat(), "--to", small / "scores")
    assert code == ExitCode.TARGET
    assert str(small / "scores") in said
    assert "the disk is full" in said
    assert list((small / "scores").glob("as_of=*")) == []
    assert list((small / "scores").rglob("*.partial")) == []


def test_a_history_laid_out_on_a_full_disk_leaves_the_one_of_before_and_nothing_beside_it(
    ended: Ended, copied: Path, snug: Path
):
    usage = pd.read_parquet(copied / "usage.parquet")
    usage[:50].to_parquet(copied / "usage.parquet")
    for table in ("subscriptions", "surveys", "tickets"):
        (copied / f"{table}.parquet").unlink()
    assert ended("compact", "--history", copied, "--to", snug / "to") == (0, "")
    before = {file: file.read_bytes() for file in snug.rglob("*") if file.is_file()}
    usage.to_parquet(copied / "usage.parquet")
    code, said = ended("compact", "--history", copied, "--to", snug / "to")
    assert code == ExitCode.TARGET
    assert "the disk is full" in said or "no space left" in said
    assert {file: file.read_bytes() for file in snug.rglob("*") if file.is_file()} == before


def test_a_file_that_may_not_grow_further_is_named(ended: Ended, home: Path, tmp_path: Path):
    out, limits = tmp_path / "vectors.parquet", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        code, said = ended(*vectors(home / "history", out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (code, f"{out} cannot be written" in said) == (ExitCode.TARGET, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["features", "compact", "score", "simulate"])
def test_a_read_only_place_is_named(
    ended: Ended, home: Path, read_only: Path, command: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHURN_HOME", str(home))
    to = read_only / "to"
    more = {
        "features": ("--as-of", str(AS_OF), "--out", to),
        "compact": ("--to", to),
        "score": ("--as-of", str(AS_OF), "--to", to),
        "simulate": ("--to", to, "--customers", "100", "--months", "12"),
    }
    if command == "simulate":  # it has no --json
        with pytest.raises(SystemExit) as end:
            churn.main([command, *map(str, more[command])])
        assert end.value.code == ExitCode.TARGET
        return
    code, said = ended(command, *more[command])
    assert code == ExitCode.TARGET
    assert str(read_only) in said
    assert "read-only" in said


def test_a_folder_in_a_files_place_is_named(ended: Ended, home: Path, tmp_path: Path):
    (tmp_path / "a file").touch()
    code, said = ended(*vectors(home / "history", tmp_path / "a file" / "vectors.parquet"))
    assert code == ExitCode.TARGET
    assert "Name another place" in said


def test_a_fault_of_our_own_stays_one():
    assert worded(OSError("no number")) is None
    assert worded(duckdb.BinderException('Referenced column "x" not found')) is None
    assert isinstance(worded(OSError(28, "No space left", "f")), TargetError)
    gone = duckdb.IOException('IO Error: No files found that match the pattern "h/usage.parquet"')
    assert isinstance(worded(gone), SourceError)
