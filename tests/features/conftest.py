"""A PostgreSQL server for the tests that compare databases."""

import os
from collections.abc import Iterator

import pytest

from tests.features.postgres import Unavailable, served

SERVER = os.environ.get("CHURN_TEST_POSTGRES", "")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database to write into: CHURN_TEST_POSTGRES, or a server started here."""
    if SERVER:
        yield SERVER
        return
    try:
        with served() as url:
            yield url
    except Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
