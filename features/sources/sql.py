"""Histories in a database, read where they are: PostgreSQL and any other backend Ibis can reach."""

import ibis

from features.errors import SourceError
from features.outside import faults, worded
from features.sources.found import Found
from features.tables import TABLES


def database(url: str) -> Found:
    """The tables (or views) of a database URL.

    Raises:
        SourceError: The database cannot be reached. The message never shows the URL, which may hold
            a password.
    """
    kind = url.split("://", 1)[0]
    try:
        backend = ibis.connect(url)
        names = backend.list_tables()
    except ImportError as error:
        do = "Install what reads it: for PostgreSQL `pip install 'churn-prediction[postgres]'`."
        raise SourceError(f"The {kind} database cannot be read: {error}. {do}") from None
    except (ValueError, ibis.IbisError) as error:
        name = type(error).__name__
        # from None: the cause's own message may show the URL
        raise SourceError(f"The {kind} database cannot be reached: {name}.") from None
    except faults() as error:
        raise worded(error) or SourceError(f"The {kind} database cannot be reached.") from None
    tables = {name: backend.table(name) for name in names if name in TABLES}
    return Found(tables, tuple(sorted(set(names) - set(tables))))
