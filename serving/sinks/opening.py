"""From settings to a sink."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import SecretStr

from features.errors import SettingsError
from features.settings import Settings
from serving.sinks.fields import Field
from serving.sinks.patience import Clock
from serving.sinks.sink import Sink
from serving.sinks.vendors import Form, Vendor

Given = TypeVar("Given", str, SecretStr)


@dataclass(frozen=True)
class Wanted:
    """What a sink is opened for."""

    fields: tuple[Field, ...]
    as_of: str
    form: Form
    create: bool


def sink_of(vendor: Vendor, settings: Settings, wanted: Wanted, clock: Clock) -> Sink:
    """The sink of a vendor.

    Raises:
        SettingsError: A token or an address is missing, or a package.
    """
    try:
        return OPENERS[vendor](settings, wanted, clock)
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"To write to {vendor}, {missing.name} is needed: pip install 'churn-prediction[crm]'."
        ) from missing


def _hubspot(settings: Settings, wanted: Wanted, clock: Clock) -> Sink:
    from serving.sinks.hubspot import hubspot

    token = _needed("hubspot_token", settings.hubspot_token)
    version, batch = settings.hubspot_version, settings.hubspot_batch
    return hubspot(settings.hubspot_url, token, version, batch, clock, wanted.create)


def _salesforce(settings: Settings, wanted: Wanted, clock: Clock) -> Sink:
    from serving.sinks import salesforce_api
    from serving.sinks.patience import Pace
    from serving.sinks.salesforce import MOST, SECONDS, Salesforce

    url, version = _needed("salesforce_url", settings.salesforce_url), settings.salesforce_version
    if settings.salesforce_client_id and settings.salesforce_client_secret:
        secrets = settings.salesforce_client_id, settings.salesforce_client_secret
        api = salesforce_api.with_client(url, *secrets, version)
    else:
        token = _needed("salesforce_token", settings.salesforce_token)
        api = salesforce_api.with_token(url, token, version)
    return Salesforce(api, Pace(MOST, SECONDS, clock), wanted.create)


def _pipedrive(settings: Settings, wanted: Wanted, clock: Clock) -> Sink:
    from serving.sinks.pipedrive import pipedrive

    url = _needed("pipedrive_url", settings.pipedrive_url)
    token = _needed("pipedrive_token", settings.pipedrive_token)
    return pipedrive(url, token, wanted.fields, settings.currency, clock, wanted.create)


def _files(settings: Settings, wanted: Wanted, clock: Clock) -> Sink:
    from serving.sinks.files import Files

    return Files(settings.pushes / Vendor.FILES, wanted.as_of, wanted.form, wanted.fields)


OPENERS: Mapping[Vendor, Callable[[Settings, Wanted, Clock], Sink]] = {
    Vendor.HUBSPOT: _hubspot,
    Vendor.SALESFORCE: _salesforce,
    Vendor.PIPEDRIVE: _pipedrive,
    Vendor.FILES: _files,
}


def _needed(name: str, given: Given | None) -> Given:
    if given is None:
        raise SettingsError(
            f"{name} is not set: set CHURN_{name.upper()} in the environment, or {name} in "
            "churn.toml; docs/crm.md says where to find it."
        )
    return given
