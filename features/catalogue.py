"""Every feature set a model may be trained on."""

from features.featureset import FeatureSet
from features.usage import USAGE

CHURN = FeatureSet("churn", (*USAGE,))
