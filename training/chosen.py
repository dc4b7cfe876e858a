"""The settings that a search has found: in words, in the registry, and in the settings file."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import SettingsError
from training import track
from training.files import put
from training.track import Registry
from training.tune import Tuned

TABLE = re.compile(r"\s*\[booster\]\s*(#.*)?$")


def as_toml(settings: Mapping[str, float]) -> str:
    """The table to paste."""
    lines = [f"{name} = {_rounded(value)}" for name, value in settings.items()]
    return "\n".join(["[booster]", *lines, ""])


def _rounded(value: float) -> str:
    """Four digits: more would claim what no search can know."""
    return str(value) if isinstance(value, int) else f"{float(f'{value:.4g}')}"


def written(settings: Mapping[str, float], file: Path) -> None:
    """Put the table into a settings file, in place of the one that is there; all else is kept.

    Raises:
        SettingsError: The file is not TOML, or gives the settings in another form.
    """
    lines = file.read_text().splitlines() if file.is_file() else []
    first, last = _place(lines)
    before, after = lines[:first], lines[last:]
    apart = [""] if first == last and before and before[-1].strip() else []
    made = "\n".join([*before, *apart, *as_toml(settings).splitlines(), *after, ""])
    _require_toml(made, settings, file)
    put(file, made)


def _place(lines: list[str]) -> tuple[int, int]:
    """Where the table begins and where its last setting ends; the end, if there is none."""
    begins = next((i for i, line in enumerate(lines) if TABLE.match(line)), None)
    if begins is None:
        return len(lines), len(lines)
    rest = enumerate(lines[begins + 1 :], begins + 1)
    ends = next((i for i, line in rest if line.lstrip().startswith("[")), len(lines))
    kept = [i for i in range(begins, ends) if lines[i].strip() and lines[i].lstrip()[0] != "#"]
    return begins, kept[-1] + 1


def _require_toml(text: str, settings: Mapping[str, float], file: Path) -> None:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"The table [booster] cannot be put into {file}: {error}. Paste it by hand."
        ) from None
    if list(said["booster"]) != list(settings):
        raise SettingsError(f"{file} gives booster settings in more than one place. Join them.")


def noted(registry: Registry, tuned: Tuned) -> str:
    """Log the search in the registry; the run's id. Its look at the test counts as a use of it."""
    gains = {}
    if tuned.gain:
        gain = tuned.gain.log_loss_gain
        gains = {"log_loss_gain": gain.point, "log_loss_gain_low": gain.low}
    losses = {"log_loss_best": tuned.best.log_loss, "log_loss_default": tuned.default.log_loss}
    tags = {"kind": "tune", "better": str(tuned.better).lower()}
    if tuned.gain:
        uses = {track.TEST_DIGEST: tuned.test, track.MODEL_VERSION: f"tuned-{tuned.digest}"}
        tags |= uses
    found = track.Search(
        params=dict(tuned.best.settings),
        metrics=losses | gains,
        tags=tags,
        losses=[trial.log_loss for trial in tuned.trials],
        document=tuned.said,
    )
    return track.noted(registry, found)


def worded(tuned: Tuned) -> list[str]:
    """The search in sentences, the settings found, and whether to take them."""
    again = sum(trial.again for trial in tuned.trials)
    before = f", {again} of them from a search before" if again else ""
    default, best = tuned.default.log_loss, tuned.best.log_loss
    lines = [
        f"{len(tuned.trials)} trials{before}: log-loss {default:.5f} of the default, "
        f"{best:.5f} of the best."
    ]
    if tuned.gain is None:
        return [*lines, "Keep the default: no trial was better on the folds."]
    dates = ", ".join(day.isoformat() for day in tuned.windows.test)
    gain = tuned.gain
    lines += [
        f"On {dates}, which no trial saw: relative log-loss gain {gain.log_loss_gain}, "
        f"AUC gain {gain.auc_gain}.",
        "",
        as_toml(tuned.best.settings),
    ]
    if tuned.better:
        return [*lines, "These settings are better than the default: the interval is above 0."]
    return [*lines, "Keep the default: the interval of the gain includes 0, so it may be luck."]


def said(tuned: Tuned, run_id: str, file: Path | None) -> dict[str, Any]:
    """As one JSON object."""
    return {**tuned.said, "run_id": run_id, "written": str(file) if file else None}
