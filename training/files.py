"""Files that are there as a whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Any


def put(path: Path, content: str | bytes) -> Path:
    """Write a file under a temporary name and rename it; whoever reads sees the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as draft:
        draft.write(raw)
    made = Path(draft.name)
    made.chmod(0o644)
    return made.replace(path)


def read(path: Path) -> Any:
    """The JSON of a file; None where there is no such file."""
    return json.loads(path.read_text()) if path.is_file() else None


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes its name when all of it is written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield made
        made.chmod(0o755)
        made.rename(folder)
    finally:
        rmtree(made, ignore_errors=True)
