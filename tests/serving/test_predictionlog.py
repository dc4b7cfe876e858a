"""The prediction log holds what was answered with its vector, and never makes an answer wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.catalogue import CHURN
from features.history import History
from features.logged import read_log
from serving.cases import Cases
from serving.logs import REQUEST
from serving.predictionlog import ABOUT, PredictionLog, logged
from serving.schemas import Vector
from serving.scorer import Scorer
from tests.serving.company import AS_OF
from tests.serving.server import free_port, served
from training.parity import logged_parity

PEOPLE = ["c001", "c002", "c003"]


@contextmanager
def keeping(folder: Path, scorer: Scorer, most: int = 1000) -> Iterator[Scorer]:
    """A scorer whose predictions are logged; what waits is written at the end."""
    log = PredictionLog(folder, most=most)
    log.start()
    try:
        yield replace(scorer, heard=log.heard)
    finally:
        log.end()


def test_every_prediction_is_kept_with_the_vector_that_scores_the_same_again(
    scorer: Scorer, tmp_path: Path
):
    token = REQUEST.set("from-the-crm")
    with keeping(tmp_path, scorer) as kept:
        told = kept.score(PEOPLE, AS_OF)
        kept.explain("c004", AS_OF)
    REQUEST.reset(token)
    rows = logged(tmp_path)
    assert rows["customer_id"].to_pylist() == [*PEOPLE, "c004"]
    assert rows["request_id"].to_pylist() == ["from-the-crm"] * 4
    assert rows["probability"].to_pylist()[:3] == [each.probability for each in told]
    assert rows.schema.names[: len(ABOUT)] == ABOUT.names
    sure = rows.filter(pc.is_valid(rows["probability"]))
    columns = {n: sure[n].to_numpy(zero_copy_only=False) for n in scorer.model.features.names}
    again = scorer.model.probability(columns)
    assert np.allclose(again, sure["probability"].to_numpy(), rtol=0, atol=1e-12)


def test_training_reads_what_was_served_from_the_history_and_nothing_that_was_made_up(
    scorer: Scorer, tmp_path: Path
):
    values = dict.fromkeys(scorer.model.features.names)
    with keeping(tmp_path, scorer) as kept:
        kept.score(PEOPLE, AS_OF)
        kept.score_vectors([Vector(customer_id="made up", values=values)], AS_OF)
    assert set(logged(tmp_path)["source"].to_pylist()) == {"history", "vectors"}
    read = read_log(tmp_path)
    assert sorted(read["customer_id"]) == PEOPLE
    assert set(read["as_of"]) == {AS_OF}


def test_it_is_read_by_duckdb_beside_another_models_features(scorer: Scorer, tmp_path: Path):
    with keeping(tmp_path, scorer) as kept:
        kept.score(PEOPLE, AS_OF)
    log = PredictionLog(tmp_path)
    log.start()
    other = [replace_version(scorer, "other", customer) for customer in PEOPLE]
    log.heard(Cases((), {"a_new_feature": np.array([1.0, 2.0, np.nan])}), other, "history")
    log.end()
    found = duckdb.sql(
        f"select model_version, count(*), count(mrr), count(a_new_feature) "
        f"from read_parquet('{tmp_path}/*/*.parquet', union_by_name=true) group by 1 order by 1"
    ).fetchall()
    assert found == [(scorer.model.version, 3, 3, 0), ("other", 3, 0, 2)]
    assert logged(tmp_path).num_rows == 6
    assert logged(tmp_path, [AS_OF]).num_rows == 0


def replace_version(scorer: Scorer, version: str, customer: str):
    return scorer.one(customer, AS_OF).model_copy(update={"model_version": version})


def test_what_finds_the_queue_full_is_counted_and_let_go(
    scorer: Scorer, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    log = PredictionLog(tmp_path, seconds=3600, most=2)
    kept = replace(scorer, heard=log.heard)
    kept.score(PEOPLE[:2], AS_OF)
    kept.score(PEOPLE, AS_OF)
    log.start()
    log.end()
    assert logged(tmp_path)["customer_id"].to_pylist() == PEOPLE[:2]
    assert "3 predictions were not logged: the queue was full" in caplog.text


def test_a_folder_that_cannot_be_written_into_stops_no_answer(
    scorer: Scorer, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with keeping(tmp_path, scorer) as kept:
        _block(tmp_path)
        assert len(kept.score(PEOPLE, AS_OF)) == 3
    assert "3 predictions were not logged" in caplog.text


def _block(folder: Path) -> None:
    """Nothing can be made in the folder's place: it is a file by now."""
    for inside in folder.iterdir():
        inside.unlink()
    folder.rmdir()
    folder.touch()


def test_many_threads_lose_nothing(scorer: Scorer, tmp_path: Path):
    told = scorer.score(PEOPLE, AS_OF)
    cases = scorer.cases(PEOPLE, AS_OF)
    log = PredictionLog(tmp_path, seconds=0.001)
    log.start()

    def often() -> None:
        for _ in range(200):
            log.heard(cases, told, "history")

    threads = [Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.end()
    assert logged(tmp_path).num_rows == 4 * 200 * 3
    assert [f for f in tmp_path.rglob("*") if f.is_file() and f.suffix != ".parquet"] == []


def test_an_empty_log_has_the_columns_that_every_log_has(tmp_path: Path):
    assert logged(tmp_path).schema.equals(pa.schema(ABOUT))


def test_what_was_served_is_logged_and_holds_the_history_to_its_word(
    home: Path, history: History, tmp_path: Path
):
    port, kept = free_port(), tmp_path / "predictions"
    settings = {"CHURN_HOME": str(home), "CHURN_PREDICTION_LOG": str(kept)}
    with served(["churn", "serve", "--port", str(port)], port, tmp_path / "on", settings) as server:
        body = {"customer_ids": PEOPLE, "as_of": str(AS_OF)}
        ids = [server.client.post("/score", json=body).headers["x-request-id"] for _ in range(3)]
        assert "churn_waiting_predictions" in server.client.get("/metrics").text
    assert sorted(logged(kept)["request_id"].to_pylist()) == sorted(ids * 3)
    log = read_log(kept)
    found = logged_parity(CHURN, history, log)
    assert not found.fired
    assert "3 logged vectors are built again" in found.sentence
    overwritten = {**history.tables, "subscriptions": _dearer(history, PEOPLE[1])}
    caught = logged_parity(CHURN, History(overwritten), log)
    assert caught.fired
    assert "mrr" in caught.sentence


def _dearer(history: History, customer: str):
    """The subscriptions, after one customer's price was overwritten in place."""
    rows = history.tables["subscriptions"]
    return rows.mutate(mrr=rows.mrr + (rows.customer_id == customer).ifelse(1.0, 0.0))


def test_words_that_were_read_back_as_words_are_logged_as_such(scorer: Scorer, tmp_path: Path):
    log = PredictionLog(tmp_path)
    log.start()
    log.heard(Cases((), {"plan": np.array(["team"])}), [scorer.one("c001", AS_OF)], "history")
    log.heard(Cases((), {"plan": np.array([None])}), [scorer.one("c002", AS_OF)], "history")
    log.end()
    assert logged(tmp_path)["plan"].to_pylist() == ["team", None]


def test_vectors_that_do_not_fit_together_are_counted_and_stop_nothing(
    scorer: Scorer, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    log = PredictionLog(tmp_path, seconds=0.001)
    log.start()
    wrong = Cases((), {"mrr": np.array([object()])})
    log.heard(wrong, [scorer.one("c001", AS_OF)], "history")
    log.heard(scorer.cases(["c002"], AS_OF), [replace_version(scorer, "other", "c002")], "history")
    log.end()
    assert logged(tmp_path)["customer_id"].to_pylist() == ["c002"]
    assert "1 predictions were not logged: Arrow" in caplog.text
