"""What a business may set: a file churn.toml, or CHURN_* in the environment.

Read only where a process starts (cli.py, service.py, web/); everything else takes arguments.
What is given in code wins over the environment, that over the file, that over the defaults.
"""

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableSetting

from features.errors import SettingsError
from features.oidc_settings import OidcSettings

PREFIX = "CHURN_"
CONFIG = "CHURN_CONFIG"  # the file's path, where it is not ./churn.toml


def _split(given: object) -> object:
    """In the environment a list is written login,export."""
    if not isinstance(given, str):
        return given
    return tuple(part.strip() for part in given.split(",") if part.strip())


def _rising(given: tuple[float, ...]) -> tuple[float, ...]:
    if list(given) != sorted(set(given)):
        raise ValueError("should rise: medium, high, critical")
    return given


def _under(name: str) -> Any:
    """A path inside home, unless it is set itself."""
    return Field(default_factory=lambda given: given["home"] / name, validate_default=True)


Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Bands: TypeAlias = Annotated[
    tuple[Share, Share, Share], NoDecode, BeforeValidator(_split), AfterValidator(_rising)
]
Days: TypeAlias = Annotated[int, Field(ge=0, le=3660)]
HoldOut: TypeAlias = Annotated[float, Field(ge=0, le=0.5)]
Rate: TypeAlias = Annotated[int, Field(ge=1, le=10_000_000)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]
SomeDays: TypeAlias = Annotated[int, Field(ge=1, le=3660)]


class Table(BaseModel):
    """A table of the settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BoosterSettings(Table):
    """How trees are grown, where it is not to be the default; `churn tune` writes such a table.

    What is left out is as training.fit has it.
    """

    trees: int | None = Field(default=None, ge=10, le=5000)
    learning_rate: float | None = Field(default=None, gt=0, le=1)
    num_leaves: int | None = Field(default=None, ge=2, le=255)
    min_child_samples: int | None = Field(default=None, ge=1)
    subsample: float | None = Field(default=None, gt=0, le=1)
    colsample_bytree: float | None = Field(default=None, gt=0, le=1)
    reg_lambda: float | None = Field(default=None, ge=0)


class OfferSettings(Table):
    """The terms of a retention offer, in the currency: what acting on a score costs and brings."""

    incentive: float = Field(default=10.0, ge=0)  # what an accepted offer costs
    contact: float = Field(default=1.0, ge=0)  # what reaching out to one customer costs
    accept: float = Field(default=0.3, gt=0, le=1)  # of those about to leave, who accept and stay


class SparkSettings(Table):
    """Where `--engine spark` runs, and with which of Spark's own options."""

    master: str | None = None  # spark://HOST:7077, k8s://..., yarn; None: spark-submit's, or here
    options: dict[str, str | int | bool] = {}  # as "spark.executor.memory" = "8g"


class Settings(BaseSettings):
    """Everything a business may set; a setting is in docs and errors by the name it has here."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True
    )

    # Where things are. No password belongs into an address: PostgreSQL reads its own ~/.pgpass.
    home: Path = Path("demo")  # what the commands write, unless a path of its own is set
    history: str = Field(default_factory=lambda given: str(given["home"] / "history"))
    tracking_uri: str = Field(default_factory=lambda given: f"sqlite:///{given['home']}/mlflow.db")
    model_name: str = Field(default="churn", pattern=r"^[\w.-]+$")
    bundle: Path = _under("bundle")
    scores: Path = _under("scores")
    prediction_log: Path | None = None  # predictions served, with vectors that training looks up
    recorded: Path = _under("recorded")  # what CSMs did, and whether they agree with the scores

    # What the history says
    date_format: str | None = None  # strptime's, for dates in files that are not ISO 8601
    partials: Path | None = None  # a folder: use summed up by day, kept from night to night
    key_events: Names = ()
    milestones: Names = ()
    usage_outside_subscription: Literal["keep", "set_aside"] = "keep"
    freshness_days: dict[str, SomeDays] = {}  # by table: the oldest that its newest row may be
    arrival_lag_days: Days = 3  # how long rows take to arrive where known_at is not given
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    language: Literal["en", "fa", "ru", "th", "zh"] = "en"  # of reasons and pages, unless asked for

    # What is predicted
    label: Literal["contract", "inactivity"] = "contract"
    inactivity_days: SomeDays = 60
    horizon_days: SomeDays = 90
    gap_days: Days = 30
    lead_days: Days = 0
    seeds: int = Field(default=5, ge=1, le=50)
    training_rows: int = Field(default=1_000_000, ge=1_000)  # in memory; more are read from disk
    booster: BoosterSettings = BoosterSettings()
    offer: OfferSettings = OfferSettings()

    # Where it is computed with --engine spark
    spark: SparkSettings = SparkSettings()

    # When a night's scores are held back, against the run before
    most_shrunken_share: Share = 0.1  # of customers, or of a table's rows, that are gone
    most_moved_share: Share = 0.4  # of customers whose band is another
    scores_url: str | None = None  # a PostgreSQL that gets a copy of the scores

    # What is served, and to whom
    capacity: int = Field(default=50, ge=1)  # customers that the team can call in a month
    bands: Bands | None = None  # where medium, high and critical begin; None: by capacity
    holdout_share: HoldOut = 0.05  # of the customers: no play, so that the effect of plays is known
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)  # processes that answer; each holds the model
    grace_seconds: Seconds = (
        15.0  # for what is under way when it is told to end; twice, and it is gone
    )
    watch_seconds: Seconds = 2.0  # how often a worker looks whether another model was published
    follow_seconds: Seconds = 15.0  # how often `churn follow` asks the registry for its champion
    traces_to: str | None = None  # where OTLP over HTTP is taken: http://collector:4318/v1/traces
    traced_share: float = Field(default=0.1, ge=0, le=1)  # of the requests for scores
    keys: Path = _under("keys.json")  # hashes of the keys that `churn keys` makes
    api_key: SecretStr | None = Field(default=None, min_length=8)  # one more key, an admin's
    oidc: OidcSettings | None = None  # whose tokens are taken beside the keys
    requests_a_minute: Rate | None = 6000  # of one key, in one worker; not limited without keys
    cors_origins: Names = ()  # sites whose pages may ask from a browser, as https://crm.example

    # What is watched, and who is told. Addresses with a secret in them belong into the environment.
    findings: Path = _under("findings")  # what `churn monitor` found, and since when
    alerts_from: Literal["warning", "critical"] = "warning"  # the severity that is told
    alert_again_days: SomeDays = 7  # a finding that stands is told again this often
    alert_webhook: SecretStr | None = None  # takes {"text": ...}, as Slack's do
    alert_mail_to: Names = ()
    alert_mail_from: str = "churn@localhost"
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_starttls: bool = True  # off only for a server on this machine
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None

    # What is written back to a CRM. Tokens belong into the environment rather than into a file.
    pushes: Path = _under("pushes")  # what each CRM has accepted, and the receipts
    push_most_shifted: Share = 0.2  # of customers whose band changed: more holds the push back
    push_again_days: SomeDays = 7  # what has not changed is confirmed this often
    hubspot_token: SecretStr | None = None
    hubspot_url: str = "https://api.hubapi.com"
    hubspot_version: str = Field(default="2026-09", pattern=r"^\d{4}-\d{2}$")
    hubspot_batch: int = Field(default=100, ge=1, le=1000)
    salesforce_url: str | None = None  # https://your-domain.my.salesforce.com
    salesforce_version: str = Field(default="66.0", pattern=r"^\d{2,3}\.0$")
    salesforce_token: SecretStr | None = None
    salesforce_client_id: SecretStr | None = None  # with the secret: the nightly job's own way in
    salesforce_client_secret: SecretStr | None = None
    pipedrive_token: SecretStr | None = None
    pipedrive_url: str | None = None  # https://your-company.pipedrive.com

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, toml_file=config_file(os.environ))
        return init_settings, env_settings, file


TABLES = {
    "booster": list(BoosterSettings.model_fields),
    "offer": list(OfferSettings.model_fields),
    "oidc": list(OidcSettings.model_fields),
    "spark": list(SparkSettings.model_fields),
}


def read_settings(**given: Any) -> Settings:
    """The settings in force; raises SettingsError, naming the setting and what it may be."""
    _known_names(os.environ)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_worded(found) for found in error.errors())) from None
    except UnreadableSetting as error:
        raise SettingsError(f"{error}: a table is written as JSON in the environment") from None
    except ValueError as error:  # tomllib's own, with line and column
        raise SettingsError(f"{config_file(os.environ)} is not TOML: {error}") from None


def config_file(environment: Mapping[str, str]) -> Path:
    """The settings file; raises SettingsError where CHURN_CONFIG names one that is not there."""
    named = environment.get(CONFIG)
    if named is not None and not Path(named).is_file():
        raise SettingsError(f"{CONFIG}: there is no file {named!r}")
    return Path(named or "churn.toml")


def _known_names(environment: Mapping[str, str]) -> None:
    """Refuses a misspelt CHURN_*; a name that is like no setting belongs to somebody else."""
    for name in environment:
        setting = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or name == CONFIG or setting in Settings.model_fields:
            continue
        if meant := _meant(setting):
            raise SettingsError(f"{name} is not a setting: did you mean {PREFIX}{meant.upper()}?")


def _worded(found: ErrorDetails) -> str:
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"{name} is not a setting: {_instead(name)}"
    message = found["msg"].removeprefix("Value error, ")
    given = "" if _is_secret(name) else f", not {found['input']!r}"
    variable = f"{PREFIX}{found['loc'][0]}".upper()
    return f"{name}: {message[0].lower()}{message[1:]}{given} (churn.toml or {variable})"


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)


def _instead(name: str) -> str:
    table, _, word = name.rpartition(".")
    names = TABLES[table] if table in TABLES else list(Settings.model_fields)
    meant = _meant(word or name, names)
    return f"did you mean {meant}?" if meant else f"they are {', '.join(names)}"


def _meant(name: str, names: Iterable[str] = tuple(Settings.model_fields)) -> str | None:
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.75)), None)
