"""Every feature set a model may be trained on."""

from collections.abc import Sequence

from features.billing import BILLING
from features.contract import CONTRACT
from features.featureset import FeatureSet
from features.key_events import declared_events
from features.onboarding import ONBOARDING
from features.relationship import RELATIONSHIP
from features.sentiment import SENTIMENT
from features.support import SUPPORT
from features.usage import USAGE

EVERYONES = (*USAGE, *SUPPORT, *BILLING, *SENTIMENT, *ONBOARDING, *CONTRACT, *RELATIONSHIP)


def catalogue(key_events: Sequence[str] = (), milestones: Sequence[str] = ()) -> FeatureSet:
    """The features of any business, and of the events and milestones that this one names.

    Raises:
        ValueError: A name cannot stand in a declaration, or two names give the same feature.
    """
    return FeatureSet("churn", (*EVERYONES, *declared_events(key_events, milestones)))


CHURN = catalogue()
