"""What is scored once is told in any language: by the API, in the data set, into a CRM."""

from datetime import UTC, datetime

import httpx
import pytest

from features.catalogue import CHURN
from features.languages import LANGUAGES, NBSP, language_of
from features.settings import Settings
from serving.cases import INSUFFICIENT
from serving.dataset import row_of
from serving.retold import Words
from serving.schemas import Advice, Band, Prediction, Reason
from serving.sinks.changed import what_changed
from serving.sinks.job import retold
from serving.sinks.told import Told
from tests.serving.company import AS_OF

BODY = {"customer_ids": ["c002"], "as_of": str(AS_OF)}
FELL = Reason(
    code="events_28d_change_28d",
    theme="usage",
    text="Actions down 61 % against the 4 weeks before, from 41 to 16",
    value=-25 / 57,
    baseline=41.0,
    reached=16.0,
    peers=None,
    days=28,
    unit="actions",
    raises_score=True,
    points=12.0,
)
GONE = FELL.model_copy(update={"code": "a_feature_of_old", "text": "As it was told"})
WORD = FELL.model_copy(
    update={"code": "plan", "text": "On the team plan", "value": "team", "baseline": None}
)


def prediction(**said: object) -> Prediction:
    """One customer, as scored by an English night."""
    ordinary = {
        "customer_id": "acme",
        "as_of": AS_OF,
        "horizon_days": 90,
        "probability": 0.62,
        "typical": 0.08,
        "band": Band.CRITICAL,
        "mrr": 100.0,
        "days_to_renewal": 20,
        "revenue_at_risk": 744.0,
        "reasons": (FELL, GONE),
        "protective": (),
        "context": (WORD,),
        "themes": {"usage": 54.0},
        "model_version": "7",
        "data_until": AS_OF,
        "scored_at": datetime(2026, 11, 2, tzinfo=UTC),
        "advice": Advice(play="training_session", touch="high", grounds=(), due=AS_OF),
    }
    return Prediction.model_validate(ordinary | said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "Actions down 61 % against the 4 weeks before, from 41 to 16"),
        ("zh", "操作次数与此前4周相比下降61%，从41降至16"),
        ("fa", "فعالیت‌ها نسبت به ۴ هفتهٔ پیش از آن ۶۱٪ کمتر شده است: از ۴۱ به ۱۶"),
    ],
)
def test_a_reason_that_was_stored_is_told_in_the_language_of_the_reader(
    code: str, said: str
) -> None:
    words = Words(CHURN, language_of(code))
    told = words.prediction(prediction())
    row = words.row(row_of(prediction()))
    assert [reason.text for reason in told.reasons] == [said, "As it was told"]
    assert [reason["text"] for reason in row["reasons"]] == [said, "As it was told"]
    assert told.context[0].text == row["context"][0]["text"]
    assert "team" in told.context[0].text


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("why", INSUFFICIENT)
def test_why_nothing_is_said_is_told_in_every_language(why: str, code: str) -> None:
    language = language_of(code)
    stored = language_of("th").say(INSUFFICIENT[why])
    unsaid = prediction(probability=None, reasons=(), insufficient=stored, insufficient_code=why)
    assert Words(CHURN, language).prediction(unsaid).insufficient == language.say(INSUFFICIENT[why])


def test_a_run_of_before_there_were_codes_is_told_by_its_english_words() -> None:
    old = {**row_of(prediction()), "insufficient": INSUFFICIENT["ended"], "insufficient_code": None}
    assert Words(CHURN, language_of("zh")).row(old)["insufficient"] == "订阅已结束。"


def test_what_a_crm_is_told_is_in_the_language_of_the_settings() -> None:
    before = {**row_of(prediction(probability=0.4, reasons=())), "themes": []}
    english = Told(row_of(prediction()), before, 1, "rising", AS_OF)
    russian = retold(english, Words(CHURN, language_of("ru")))
    told = (what_changed(russian) or "").replace(NBSP, " ")
    assert told.startswith(
        "Выше на 22 пункта: с 40 % до 62 %. По темам, в пунктах: использование +54"
    )
    assert "Новое: Действий стало на 61 % меньше" in told


def test_a_language_is_one_there_is() -> None:
    assert Settings(language="fa").language == "fa"
    with pytest.raises(ValueError, match="language"):
        Settings.model_validate({"language": "xx"})


@pytest.mark.parametrize(
    ("query", "accepted", "code"),
    [
        ("", "", "en"),
        ("?lang=ru", "th", "ru"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("?lang=xx", "", "en"),
    ],
)
def test_the_api_tells_reasons_in_the_language_that_is_asked_for(
    query: str, accepted: str, code: str, client: httpx.Client
) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    [told] = client.post(f"/score{query}", json=BODY, headers=headers).json()
    again = Words(CHURN, language_of(code)).prediction(Prediction.model_validate(told))
    listed = [*told["reasons"], *told["protective"], *told["context"]]
    assert listed
    assert [r.text for r in (*again.reasons, *again.protective, *again.context)] == [
        reason["text"] for reason in listed
    ]
    explained = client.post(
        f"/explain{query}", json={"customer_id": "c002", "as_of": str(AS_OF)}, headers=headers
    ).json()
    assert explained["prediction"]["reasons"] == told["reasons"]


def test_the_description_names_both_ways_to_ask_for_a_language(client: httpx.Client) -> None:
    paths = client.get("/docs.json").json()["paths"]
    named = {p["name"] for p in paths["/score"]["post"]["parameters"]}
    assert {"lang", "Accept-Language"} <= named
