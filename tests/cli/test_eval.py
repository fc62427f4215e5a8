"""`rag eval`, as a person calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from rag.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

METRICS = ["nDCG@10", "R@5", "R@10", "R@100", "RR@10"]


@pytest.fixture
def rag_eval(
    tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run `rag eval` with an encoder that takes no time."""
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path_factory.getbasetemp() / "eval-cache"))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["eval", *map(str, arguments)])

    return run


@pytest.fixture
def labelled(data: Path) -> Path:
    return data / "labelled"


def test_json_has_the_names_of_the_figures(rag_eval: Any, labelled: Path) -> None:
    result = rag_eval(labelled, "--mode", "keyword", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["dataset"] == "labelled"
    assert (report["split"], report["mode"], report["queries"]) == ("test", "keyword", 5)
    assert list(report["metrics"]) == METRICS
    assert report["metrics"]["R@10"] == pytest.approx(0.7)
    assert all(isinstance(value, float) for value in report["metrics"].values())
    low, high = report["intervals"]["R@10"]
    assert 0 <= low < 0.7 < high <= 1
    assert report["left_out"]["queries without a text"] == 1


def test_a_table_fits_the_terminal_and_says_what_the_set_lacks(
    rag_eval: Any, labelled: Path
) -> None:
    result = rag_eval(labelled)
    assert result.exit_code == 0
    for name in [*METRICS, "evidence@1", "first-paper", "queries without a text"]:
        assert name in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert not result.stderr


def test_evidence_is_measured_where_the_set_has_it(rag_eval: Any, labelled: Path) -> None:
    report = json.loads(rag_eval(labelled, "--json").stdout)
    assert report["evidence"]["pairs"] == 2
    assert set(report["evidence"]["metrics"]) == {"evidence@1", "evidence@3"}
    assert report["answers"]["questions"] == 2
    assert report["left_out"]["rationales whose sentences are not in the corpus"] == 1
    assert "evidence" not in json.loads(rag_eval(labelled, "--json", "--no-answers").stdout)


def test_a_run_is_written_and_compared(rag_eval: Any, labelled: Path, tmp_path: Path) -> None:
    run = tmp_path / "keyword.run"
    assert rag_eval(labelled, "--mode", "keyword", "--run", run).exit_code == 0
    lines = [line.split() for line in run.read_text().splitlines()]
    assert [line[:4] for line in lines] == [
        ["q1", "Q0", "lamp-1", "1"],
        ["q2", "Q0", "2101.00001", "1"],
        ["q2", "Q0", "10.5555/Kitchen.2", "2"],
        ["q4", "Q0", "heron-1", "1"],
        ["q4", "Q0", "heron-2", "2"],
        ["q5", "Q0", "sun-1", "1"],
    ]
    assert {line[5] for line in lines} == {"rag-keyword"}
    result = rag_eval(labelled, "--mode", "keyword", "--compare", run, "--json")
    comparison = json.loads(result.stdout)["comparison"]
    assert list(comparison) == METRICS
    assert comparison["nDCG@10"] == {"difference": 0.0, "interval": [0.0, 0.0], "p": 1.0}
    shown = rag_eval(labelled, "--compare", run, "--no-answers").stdout
    assert "difference" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_per_query_results_are_json_lines(rag_eval: Any, labelled: Path, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    assert rag_eval(labelled, "--mode", "keyword", "--per-query", path).exit_code == 0
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [record["id"] for record in records] == ["q1", "q2", "q3", "q4", "q5"]
    assert records[1]["metrics"]["RR@10"] == 0.5


def test_a_figure_below_its_limit_fails(rag_eval: Any, labelled: Path) -> None:
    call = (labelled, "--mode", "keyword", "--fail-under")
    assert rag_eval(*call, "nDCG@10=0.62", "--fail-under", "mrr@10=0.7").exit_code == 0
    failed = rag_eval(*call, "nDCG@10=0.63", "--fail-under", "R@5=0.1")
    assert failed.exit_code == 1
    assert failed.stderr == "Error: nDCG@10 is 0.6208, not 0.63.\n"
    assert "nDCG@10" in failed.stdout


def test_a_limit_on_what_was_not_measured_fails(rag_eval: Any, labelled: Path) -> None:
    result = rag_eval(labelled, "--no-answers", "--fail-under", "evidence@1=0.5")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: evidence@1 was not measured")
    assert "Hint: Measured here: nDCG@10" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--fail-under", "nDCG@10"),
        ("--fail-under", "nDCG@10=high"),
        ("--fail-under", "beauty=1"),
        ("--fail-under", "AURC=0.1"),
        ("--mode", "both"),
        ("--storage", "storage"),
    ],
)
def test_wrong_usage(rag_eval: Any, labelled: Path, options: tuple[str, ...]) -> None:
    assert rag_eval(labelled, *options).exit_code == 2


@pytest.mark.parametrize("options", [("--mode", "dense"), ("--run", "x"), ("--compare", "x")])
def test_wrong_usage_with_questions(rag_eval: Any, data: Path, options: tuple[str, ...]) -> None:
    assert rag_eval(data / "questions.jsonl", *options).exit_code == 2


@pytest.mark.parametrize("name", ["gone", "labelled/qrels"])
def test_what_is_no_set_is_explained(rag_eval: Any, data: Path, name: str) -> None:
    result = rag_eval(data / name)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    message, hint = result.stderr.splitlines()
    assert message.startswith("Error: ")
    assert "docs/evaluation.md" in hint


def test_a_missing_run_fails_before_the_work(rag_eval: Any, labelled: Path) -> None:
    result = rag_eval(labelled, "--compare", "gone.run")
    assert result.exit_code == 1
    assert "gone.run" in result.stderr
    assert not result.stdout


def test_questions_are_put_to_a_library(data: Path, library: Any, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    arguments = [data / "questions.jsonl", "--storage", library.settings.storage, "--json"]
    result = CliRunner().invoke(app, ["eval", *map(str, arguments), "--per-query", str(path)])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["dataset"], report["split"], report["queries"]) == ("data", "test", 6)
    assert report["metrics"]["answered"] == 1.0
    assert report["metrics"]["declined"] >= 0.5
    assert set(report["kinds"]) == {"single", "several", "follow-up", "off-topic", "unanswerable"}
    assert [point["coverage"] for point in report["risk_coverage"]] == [0.5, 0.6, 0.7, 0.8, 0.9, 1]
    sure = report["calibration"]
    assert sum(point["count"] for point in sure) == sum(
        r["answered"] for r in map(json.loads, path.read_text().splitlines())
    )
    assert sure[0]["right"] == 1.0
    records = {r["id"]: r for r in map(json.loads, path.read_text().splitlines())}
    assert records["whales"]["found"][0] == "arxiv:9905.00005"
    assert records["cup"]["answered"] is False
    shown = CliRunner().invoke(app, ["eval", *map(str, arguments[:3])]).stdout
    assert "off-topic" in shown
    assert sure[0]["words"] in shown
    assert max(map(len, shown.splitlines())) <= 80
