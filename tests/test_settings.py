"""Settings: flags win over the environment, that over rag.toml, that over defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag import Library, Settings
from rag.errors import SettingsError
from rag.settings import load_settings


def test_defaults() -> None:
    settings = load_settings()
    assert settings.storage == Path("storage")
    assert settings.embedder == "minilm"
    assert settings.chroma_url is None


def test_the_order_of_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("rag.toml").write_text('storage = "from-file"\nmax_quotes = 7\nmax_papers = 3\n')
    monkeypatch.setenv("RAG_STORAGE", "from-environment")
    monkeypatch.setenv("RAG_MAX_PAPERS", "4")
    settings = load_settings(max_papers=6, storage=None)
    assert settings.storage == Path("from-environment")
    assert (settings.max_quotes, settings.max_papers) == (7, 6)


def test_a_library_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_STORAGE", "elsewhere")
    assert Library().settings.storage == Path("elsewhere")
    assert Library("here").settings.storage == Path("here")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_papers", "none"),
        ("max_papers", "0"),
        ("max_quotes", "1000"),
        ("abstain_below", "1.5"),
        ("quantize", "perhaps"),
        ("chroma_url", "localhost:8000"),
        ("collection", "a b"),
        ("embedder", ""),
        ("ui_hosts", "papers.example:8080"),
        ("ui_hosts", "https://papers.example"),
        ("ui_origins", "papers.example"),
    ],
)
def test_a_value_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"RAG_{name.upper()}", value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert f"RAG_{name.upper()}" in caught.value.hint


def test_every_variable_of_the_documentation_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[1]
    texts = [path.read_text("utf-8") for path in (root / "README.md", *root.glob("docs/*.md"))]
    named = set(re.findall(r"\bRAG_[A-Z_]*[A-Z]\b", " ".join(texts)))
    assert {"RAG_STORAGE", "RAG_UI_TOKENS", "RAG_CHROMA_TOKEN"} <= named
    refused = {}
    for name in named:
        with monkeypatch.context() as alone:
            alone.setenv(name, "")
            try:
                load_settings()
            except SettingsError as error:  # an empty value may not fit
                refused[name] = error.message
    assert not [name for name, message in refused.items() if "no setting" in message]


def test_unknown_names_are_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAG_MAX_PAPER", "3")
    with pytest.raises(SettingsError, match="max_paper") as caught:
        load_settings()
    assert "max_papers" in caught.value.hint
    monkeypatch.delenv("RAG_MAX_PAPER")
    Path("rag.toml").write_text("storrage = 'x'\n")
    with pytest.raises(SettingsError, match="storrage") as caught:
        load_settings()
    assert "storage" in caught.value.hint


def test_a_file_that_is_no_toml() -> None:
    Path("rag.toml").write_text("storage = [\n")
    with pytest.raises(SettingsError, match=r"rag\.toml"):
        load_settings()


def test_an_empty_address_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", "")
    assert load_settings().chroma_url is None


def test_every_setting_says_what_it_means() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().storage = Path("x")  # type: ignore[misc]
