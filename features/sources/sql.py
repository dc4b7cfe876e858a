"""Histories in a database, read where they are: PostgreSQL and any other backend Ibis can reach."""

import ibis

from features.errors import SourceError
from features.history import History
from features.sources.canonical import canonical


def database(url: str) -> History:
    """The canonical tables (or views) of a database URL.

    Raises:
        SourceError: The database cannot be reached, or holds no table of the contract. The message
            never shows the URL, which may hold a password.
    """
    kind = url.split("://", 1)[0]
    try:
        backend = ibis.connect(url)
        names = backend.list_tables()
    except (ImportError, ibis.IbisError) as error:
        raise SourceError(f"The {kind} database cannot be reached: {type(error).__name__}.") from error
    return canonical({name: backend.table(name) for name in names})
