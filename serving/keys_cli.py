"""`churn keys`: make, list and take away the keys that callers show."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from features.errors import SettingsError
from features.settings import read_settings
from serving.keys import Role, add, read, revoke


class Act(StrEnum):
    """What to do with keys."""

    ADD = "add"
    LIST = "list"
    REVOKE = "revoke"


def keys(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    which: Annotated[
        str | None, typer.Argument(help="What a new key is for, or the id of one to revoke.")
    ] = None,
    role: Annotated[
        Role,
        typer.Option(help="score: scores, for programs; read: the pages, for people; admin: all."),
    ] = Role.SCORE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Make, list or revoke keys; a running service knows at once.

    A new key is printed once and kept only as its hash. To change a key, add one, let its callers
    take it, and revoke the old one.
    """
    file = read_settings().keys
    if act is not Act.LIST and not which:
        raise SettingsError(f"churn keys {act} needs a word: what the key is for, or its id.")
    if act is Act.ADD:
        made = add(file, str(which), role, datetime.now(UTC))
        typer.echo(json.dumps({"key": made, "role": role}) if as_json else made)
    elif act is Act.REVOKE:
        gone = revoke(file, str(which))
        typer.echo(json.dumps({"revoked": gone.id}) if as_json else f"Revoked {gone.id}.")
    else:
        there = list(read(file).keys.values()) if file.is_file() else []
        rows = [
            {"id": k.id, "name": k.name, "role": k.role, "created_at": k.created_at} for k in there
        ]
        lines = [f"{k.id}  {k.role:5}  {k.created_at}  {k.name}" for k in there]
        typer.echo(json.dumps({"keys": rows}) if as_json else "\n".join(lines) or "No keys yet.")
