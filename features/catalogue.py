"""Every feature set a model may be trained on."""

from features.billing import BILLING
from features.contract import CONTRACT
from features.featureset import FeatureSet
from features.support import SUPPORT
from features.usage import USAGE

CHURN = FeatureSet("churn", (*USAGE, *SUPPORT, *BILLING, *CONTRACT))
