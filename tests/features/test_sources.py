"""Reading tables as businesses keep them: folders of files, DuckDB files, tables in memory."""

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import SourceError
from features.history import History
from features.sources import found_at, opened
from features.sources.files import connected, in_memory

CUSTOMERS = "customer_id,created_at\nacme,2024-01-31\n"


def written(folder: Path, **files: str) -> str:
    for name, text in {"customers": CUSTOMERS, **files}.items():
        (folder / f"{name}.csv").write_text(text)
    return str(folder)


def column(history: History, table: str, name: str) -> list[object]:
    values: list[object] = history.tables[table][name].to_pyarrow().to_pylist()
    return values


def moments(*texts: str, date_format: str = "") -> list[object]:
    rows = {"customer_id": list(texts), "created_at": list(texts)}
    return column(in_memory({"customers": pa.table(rows)}, date_format), "customers", "created_at")


def test_a_folder_of_csv_files_is_a_history(tmp_path):
    usage = "customer_id,at,event\nacme,2024-03-01T10:30:00,login\n"
    history = opened(written(tmp_path, usage=usage))
    assert column(history, "customers", "created_at") == [datetime(2024, 1, 31)]
    assert column(history, "usage", "at") == [datetime(2024, 3, 1, 10, 30)]


def test_a_table_may_be_a_folder_of_parquet_files(tmp_path):
    for month in (1, 2):
        rows = {"customer_id": ["acme"], "at": [datetime(2024, month, 1)], "event": ["login"]}
        (tmp_path / "usage" / f"month={month}").mkdir(parents=True)
        pq.write_table(pa.table(rows), tmp_path / "usage" / f"month={month}" / "part.parquet")
    assert len(column(opened(written(tmp_path)), "usage", "at")) == 2


# Ibis 12 itself calls what DuckDB 1.5 deprecates.
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_a_duckdb_file_is_a_history(tmp_path):
    rows = {"customer_id": ["acme"], "created_at": [date(2024, 1, 31)], "logo": ["x"]}
    backend = connected()
    backend.raw_sql(f"ATTACH '{tmp_path / 'history.duckdb'}' AS file")
    backend.create_table("customers", pa.table(rows), database="file.main")
    backend.create_table("customer", pa.table(rows), database="file.main")
    backend.raw_sql("DETACH file")
    location = str(tmp_path / "history.duckdb")
    assert column(opened(location), "customers", "created_at") == [datetime(2024, 1, 31)]
    assert found_at(location).others == ("customer",)


def test_a_file_without_a_tables_name_is_named_not_read(tmp_path):
    location = written(tmp_path, subscription="anything\n")
    assert found_at(location).others == ("subscription.csv",)
    assert list(opened(location).tables) == ["customers"]


@pytest.mark.parametrize("location", ["nowhere", "nowhere.duckdb", "nosuchdb://host/name"])
def test_a_location_without_a_history_says_so(location):
    with pytest.raises(SourceError, match=location.split(":")[0]):
        opened(location)


def test_a_folder_without_customers_says_what_is_missing(tmp_path):
    (tmp_path / "usage.csv").write_text("customer_id,at,event\n")
    with pytest.raises(SourceError, match="'customers'"):
        opened(str(tmp_path))


def test_a_table_without_a_required_column_says_which(tmp_path):
    with pytest.raises(SourceError, match="'usage' has no column event"):
        opened(written(tmp_path, usage="customer_id,at\n"))


def test_a_moment_with_an_offset_is_brought_to_utc():
    assert moments("2024-03-01T10:00:00+02:00", "2024-03-01T10:00:00Z", "2024-03-01 10:00") == [
        datetime(2024, 3, 1, 8),
        datetime(2024, 3, 1, 10),
        datetime(2024, 3, 1, 10),
    ]


def test_a_date_format_reads_dates_with_and_without_a_time_of_day():
    read = moments("28-07-2023", "28-07-2023 03:15", "28-07-2023 03:15:30", date_format="%d-%m-%Y")
    assert read == [
        datetime(2023, 7, 28),
        datetime(2023, 7, 28, 3, 15),
        datetime(2023, 7, 28, 3, 15, 30),
    ]


def test_a_date_that_does_not_fit_the_format_is_missing_not_guessed():
    assert moments("07-08-2023", "soon", "") == [None, None, None]
    assert moments("2023-08-07", "31-12-2023", date_format="%m-%d-%Y") == [None, None]


def test_a_number_is_no_moment():
    rows = {"customer_id": ["acme"], "created_at": [1_700_000_000]}
    assert column(in_memory({"customers": pa.table(rows)}), "customers", "created_at") == [None]


def test_a_number_that_is_not_a_number_is_missing():
    rows = {
        "customer_id": ["acme", "acme"],
        "subscription_id": ["s1", "s2"],
        "at": [datetime(2024, 1, 1)] * 2,
        "mrr": [float("nan"), 5.0],
    }
    customers = {"customer_id": ["acme"], "created_at": [datetime(2024, 1, 1)]}
    history = in_memory({"customers": pa.table(customers), "subscriptions": pa.table(rows)})
    assert column(history, "subscriptions", "mrr") == [None, 5.0]


def test_text_in_a_number_column_is_missing(tmp_path):
    usage = "customer_id,at,event,quantity\nacme,2024-03-01,x,7\nacme,2024-03-01,x,many\n"
    history = opened(written(tmp_path, usage=usage))
    assert column(history, "usage", "quantity") == [7.0, None]
