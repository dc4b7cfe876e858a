"""Files that are there as a whole or not at all."""

from pathlib import Path
from tempfile import NamedTemporaryFile


def put(path: Path, content: str | bytes) -> Path:
    """Write a file under a temporary name and rename it; whoever reads sees the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as draft:
        draft.write(raw)
    made = Path(draft.name)
    made.chmod(0o644)
    return made.replace(path)
