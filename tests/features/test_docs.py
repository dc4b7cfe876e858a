"""The generated pages are as new as the declarations, and leave nothing out."""

from pathlib import Path

import pytest

from features.catalogue import CHURN
from features.docs import DOCS, PAGES, contract_page, features_page, write
from features.tables import TABLES


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_the_declarations_say_now(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: make docs"


@pytest.mark.parametrize("name", CHURN.names)
def test_every_feature_is_on_the_features_page(name: str) -> None:
    assert f"| `{name}` | {CHURN[name]} |" in features_page()


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_is_on_the_contract_page(table) -> None:
    page = contract_page().partition(f"## {table.name}\n")[2].partition("\n## ")[0]
    assert table.meaning in page
    for column in table:
        line = next(line for line in page.splitlines() if line.startswith(f"| `{column.name}` |"))
        assert column.meaning in line
        assert (f"`{column.revealed_by}`" in line) is bool(column.revealed_by)


def test_pages_are_written_whole_and_leave_no_draft(tmp_path: Path) -> None:
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(PAGES)
    assert (tmp_path / "features.md").read_text(encoding="utf-8") == features_page()
