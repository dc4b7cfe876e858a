"""The sentences of findings: what was found and what to do, with {named} places to fill.

They are kept apart from the figures, so that a page can say them in another language.
"""

from collections.abc import Mapping
from typing import NamedTuple

from features.languages import marked as _


class Words(NamedTuple):
    """What a finding says, and what it asks for."""

    what: str
    do: str


WORDS: Mapping[str, Words] = {
    "stale": Words(
        _("The table {table} ends on {last}, {days} days ago; it may be {limit} days old."),
        _("Look at the job that loads it. Until it runs again, scores are as of the data's end."),
    ),
    "empty": Words(
        _("The table {table} has no row; it may be {limit} days old at the most."),
        _("Look at the job that loads it, and at what it reads from."),
    ),
    "column_missing": Words(
        _(
            "{column} is missing in {now} of the last 4 weeks' rows; in the 12 weeks before it "
            "was in {before}."
        ),
        _("Look at the source: a field was renamed, emptied or is no longer exported."),
    ),
    "feature_missing": Words(
        _(
            "{feature} is missing for {now} of the customers; for {before} where the model was "
            "judged."
        ),
        _("Look at the columns that it is made from; the model treats what is missing as such."),
    ),
    "feature_units": Words(
        _(
            "{feature} has a median of {now}, {times} what it was where the model was judged "
            "({before}): it looks as if its unit had changed."
        ),
        _(
            "Compare the source's unit with docs/data-contract.md (cents, minutes, shares in "
            "percent) and put it right there; scores are wrong until then."
        ),
    ),
    "feature_moved": Words(
        _(
            "{feature} is spread otherwise than where the model was judged: PSI {psi}, usual is "
            "up to {bound}; its median is {now} after {before}."
        ),
        _(
            "See whether the business has changed (prices, plans, season, a new product). If so, "
            "train anew; if not, look at the source."
        ),
    ),
    "word_moved": Words(
        _(
            "{feature} is spread otherwise than where the model was judged: PSI {psi}, usual is "
            "up to {bound}; most has moved at “{word}”, from {before} to {now}."
        ),
        _(
            "See whether the business has changed (prices, plans, markets). If so, train anew; if "
            "not, look at the source: words may have been renamed."
        ),
    ),
    "score_moved": Words(
        _(
            "Scores are spread otherwise than in the model's test: PSI {psi}, usual is up to "
            "{bound}; their mean is {now} after {before}."
        ),
        _(
            "Look at the features that have moved. If they are right, bands and lists have "
            "changed for a reason; train anew when outcomes are there."
        ),
    ),
    "bands_moved": Words(
        _(
            "Bands hold other shares of customers than on {before}: PSI {psi}, usual is up to "
            "{bound}; high and critical are {now_share} after {before_share}."
        ),
        _("Look for what else was found, for a new model ({model}) and for other limits of bands."),
    ),
    "list_replaced": Words(
        _(
            "Of the {size} customers at the top of the list on {before} that are still scored, "
            "{share} are no longer there."
        ),
        _(
            "CSMs may work from the old list. Look for a new model ({model}), and for what else "
            "was found."
        ),
    ),
    "forecast_weaker": Words(
        _(
            "A forecast without outcomes: if probabilities are true, today's AUC is {now} ({low} "
            "to {high}); the same forecast of the test was {before}."
        ),
        _(
            "Customers are harder to tell apart than they were: look at the features that have "
            "moved. Only outcomes will show whether the probabilities are true."
        ),
    ),
    "fewer_than_expected": Words(
        _(
            "{observed} of {whom} left where {expected} were expected: {ratio} ({low} to {high}), "
            "{period}."
        ),
        _(
            "Scores are too high there: train anew. If people have acted on the scores, compare "
            "with the customers that are held out first."
        ),
    ),
    "more_than_expected": Words(
        _(
            "{observed} of {whom} left where {expected} were expected: {ratio} ({low} to {high}), "
            "{period}."
        ),
        _(
            "Scores are too low there: train anew with the months since, and see whether "
            "something happened that no feature knows of (a price rise, an outage, a rival)."
        ),
    ),
    "nothing_matured": Words(
        _("No run has matured: the first outcomes can be trusted on {first}."),
        _("Nothing; until then only drift and the forecast speak."),
    ),
    "no_reference": Words(
        _("The model {model} does not say where it was judged, so that drift cannot be told."),
        _("Train and promote a model with this release."),
    ),
    "nothing_learnt": Words(
        _("The model is a churn rate: {why}"),
        _("Nothing to watch but the data; train again when more customers have left."),
    ),
    "one_run": Words(
        _("There is one run only, of {as_of}: nothing to compare bands and lists with."),
        _("Nothing; the next night brings a second one."),
    ),
}
