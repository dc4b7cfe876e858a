"""Functions compiled to machine code by numba, and kept on disk where a folder can be written."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])
config: Any = numba.config  # its names are made when it is imported
HERE = Path(__file__).parent
PLACES = (HERE / "__pycache__", Path("~/.cache/churn"))
# Only sums and products may be contracted; what is no number never gets this far, see steps.
HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def compiled(function: Function) -> Function:
    """The function as machine code, made when it is first called.

    numba keeps what it made beside its own stamp of one file. Here functions of several files are
    compiled into one, so the folder is named by a digest of all of them: code of another version is
    never run. Where nothing can be written, each process compiles for itself.
    """
    folder, before = _folder(), config.CACHE_DIR
    if folder is None:
        return cast("Function", numba.njit(**HOW)(function))
    try:
        config.CACHE_DIR = str(folder)
        return cast("Function", numba.njit(cache=True, **HOW)(function))
    finally:
        config.CACHE_DIR = before


def _folder() -> Path | None:
    """The folder for this version's machine code; the files are run: only their owner's will do."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py"))))
    for place in PLACES:
        folder = place.expanduser() / f"treeshap-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None
