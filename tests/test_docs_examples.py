"""The commands and Python examples of README.md and docs/ do what the pages say.

Every block marked `sh`, `console` or `python` runs, one after the other down the page, in a folder
with a library of the bundled sample. A word behind the language says what a block needs besides:

- `model`: a language model, which is a scripted one on loopback here;
- `norun`: what a test can't have, such as a download. It is only parsed.

In a `console` block, `$ ` begins a command and `> ` a line that is typed into it; the rest is what
they print, where `...` stands for anything and a line may break anywhere.
"""

from __future__ import annotations

import ast
import asyncio
import gzip
import inspect
import json
import os
import re
import shlex
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cross_encoders import write_cross_encoder
from entailers import write_entailer
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from servers.openai_server import OpenAIServer
from typer.main import get_command
from typer.testing import CliRunner

from rag import Library, Settings
from rag.cli import common
from rag.cli.app import app
from rag.sample import sample_path

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = {page.name: page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
LOCKED = dict(
    re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
)
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
COMMANDS = get_command(app)
CITED = ("arxiv:2106.09685", "arxiv:2305.14314")  # by the draft that is verified, as [1] and [2]


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, the word behind that, and its text."""

    place: str
    language: str
    needs: str
    text: str


@dataclass
class Step:
    """A command, the lines typed into it, and what the page says that it prints."""

    command: str
    typed: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)


def blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt("commonmark").parse(page.read_text("utf-8")):
        if token.type == "fence" and token.info:
            language, _, needs = token.info.partition(" ")
            assert needs in {"", "model", "norun"}, token.info
            yield Block(f"{page.name}:{token.map[0] + 1}", language, needs, token.content)


def inline_code(page: Path) -> Iterator[str]:
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        yield from (one.content for one in token.children or () if one.type == "code_inline")


def steps(block: Block) -> list[Step]:
    lines = block.text.splitlines()
    if block.language == "sh":
        return [Step(line) for line in lines if line and not line.startswith("#")]
    found: list[Step] = []
    for line in lines:
        if line.startswith("$ "):
            found.append(Step(line[2:]))
        elif line.startswith("> "):
            found[-1].typed.append(line[2:])
        else:
            found[-1].printed.append(line)
    return found


def is_shown(printed: str, output: str) -> bool:
    """Whether a page tells the truth about an output."""
    parts = [re.escape(" ".join(part.split())) for part in printed.split("...")]
    return re.fullmatch(".*".join(parts), " ".join(output.split())) is not None


def parse(arguments: list[str]) -> None:
    """Parse the arguments of `rag` as the command line does; a slip raises."""
    with COMMANDS.make_context("rag", list(arguments)) as context:
        name, command, rest = COMMANDS.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        command.make_context(name, rest, parent=context).close()


def check_pip(arguments: list[str]) -> None:
    """Check that the project has the extras, and the lock the packages, that are asked for."""
    assert arguments[0] == "install"
    for one in arguments[1:]:
        if one.startswith("."):
            assert set(Requirement(f"project{one[1:]}").extras) <= set(EXTRAS), one
        elif not one.startswith("-"):
            wanted = Requirement(one)
            assert wanted.specifier.contains(LOCKED[wanted.name]), one


class Terminal:
    """Runs the commands of a page, one after the other."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def run(self, block: Block) -> None:
        for step in steps(block):
            words = shlex.split(step.command, comments=True)
            while re.match(r"[A-Z_]+=", words[0]):
                words = ["export", words[0], *words[1:]] if len(words) == 1 else words[1:]
            name, *arguments = map(os.path.expanduser, words)
            match name:
                case "rag" if block.needs == "norun":
                    parse(arguments)
                case "rag":
                    output = self._rag(arguments, step.typed)
                    if step.printed:
                        assert is_shown("\n".join(step.printed), output), output
                case "export":
                    self._export(*arguments)
                case "make":
                    assert set(arguments) <= set(TARGETS), step.command
                case "pip":
                    check_pip(arguments)
                case _:
                    pytest.fail(f"nothing is known of the command {name}")

    def _rag(self, arguments: list[str], typed: list[str]) -> str:
        for console in (common.output, common.errors):
            console.cache_clear()  # made anew, they write to where the runner listens
        ran = CliRunner().invoke(app, arguments, input="".join(f"{line}\n" for line in typed))
        assert ran.exit_code == 0, (arguments, ran.output, ran.exception)
        return ran.stdout

    def _export(self, assignment: str) -> None:
        name, _, value = assignment.partition("=")
        if name != "OPENAI_BASE_URL":  # nobody listens there: the scripted server's stands
            self._patch.setenv(name, value)


class Interpreter:
    """Runs the Python of a page, with what earlier blocks have defined."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}

    def run(self, block: Block) -> None:
        code = compile(block.text, block.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if block.needs == "norun":
            return
        if not self._names:
            self._names = {"Library": Library, "library": Library("storage")}
        result = eval(code, self._names)  # noqa: S307 - it is our own page
        if inspect.iscoroutine(result):
            asyncio.run(result)

    def close(self) -> None:
        for value in list(self._names.values()):
            if isinstance(value, Library):
                value.close()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """A storage folder with the sample, to be copied."""
    storage = tmp_path_factory.mktemp("sample") / "storage"
    with Library(settings=Settings(storage=storage, cache=model_cache)) as library:
        library.add(sample_path())
    return storage


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    models = ("llama3.1", "some-model")
    with OpenAIServer(models=models, default="It runs at 45 frames a second [1].") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    records = map(json.loads, sample_path().read_text("utf-8").splitlines())
    papers = {one["id"]: one for one in records}
    cited = [papers[one] for one in CITED]
    _write_lines("papers.jsonl", cited)
    said = " ".join(f"{one['abstract'].split('. ')[0]} [{n}]." for n, one in enumerate(cited, 1))
    list_of_references = "\n".join(f"[{n}] {one['title']}" for n, one in enumerate(cited, 1))
    Path("draft.md").write_text(f"{said}\n\n# References\n\n{list_of_references}\n", "utf-8")
    _write_lines(
        "questions.jsonl",
        [
            {"question": "How fast is YOLO?", "papers": ["arxiv:1506.02640"]},
            {"question": "Who won the football world cup in 1998?", "papers": []},
        ],
    )
    Path("pages").mkdir()
    shutil.copy(data / "page.txt", "pages")
    Path("more.jsonl.gz").write_bytes(gzip.compress((data / "papers.jsonl").read_bytes()))
    shutil.copytree(data / "labelled", "DATASET")
    shutil.copy("DATASET/qrels/test.tsv", "DATASET/qrels/train.tsv")
    for name in ("MODEL", "models/my-cross-encoder"):
        write_cross_encoder(tmp_path / name, ["depth", "silt"])
    write_entailer(tmp_path / "models/my-nli", ["rank", "weights", "adapter"])
    return tmp_path


def _write_lines(name: str, records: list[dict[str, Any]]) -> None:
    Path(name).write_text("".join(f"{json.dumps(one)}\n" for one in records), "utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page_run(
    name: str,
    folder: Path,
    sample: Path,
    server: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = PAGES[name]
    if "rag add --sample" not in page.read_text("utf-8"):
        shutil.copytree(sample, folder / "storage")
    terminal, interpreter = Terminal(monkeypatch), Interpreter()
    runs = {
        "sh": terminal.run,
        "console": terminal.run,
        "python": interpreter.run,
        "json": lambda block: [json.loads(line) for line in block.text.splitlines()],
    }
    try:
        for block in blocks(page):
            if block.needs == "model":
                monkeypatch.setenv("OPENAI_BASE_URL", server.url)
                monkeypatch.setenv("RAG_LLM_MODEL", "some-model")
            try:
                runs[block.language](block)
            except BaseException as error:
                error.add_note(f"in the example at {block.place}")
                raise
    finally:
        interpreter.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_in_the_text_of_a_page_exist(name: str) -> None:
    for code in inline_code(PAGES[name]):
        match code.split():
            case ["rag", command, *rest] if not command.startswith("-") and command.islower():
                assert command in COMMANDS.commands, code
                known = {one for each in COMMANDS.commands[command].params for one in each.opts}
                used = {word.partition("=")[0] for word in rest if word.startswith("--")}
                assert used <= known | {"--help"}, code
            case ["make", target, *_]:
                assert target in TARGETS, code


def test_the_readme_names_every_command() -> None:
    named = {code.split()[1] for code in inline_code(PAGES["README.md"]) if code.startswith("rag ")}
    assert named >= set(COMMANDS.commands)


@pytest.mark.parametrize(
    ("printed", "output", "agrees"),
    [
        ("one two\nthree", "one\ntwo three\n", True),
        ("one\n...\nthree", "one two three", True),
        ("one\n...", "one", True),
        ("one", "one two", False),
        ("one ... three", "one two", False),
    ],
)
def test_what_is_printed_is_compared(printed: str, output: str, agrees: bool) -> None:
    assert is_shown(printed, output) is agrees
