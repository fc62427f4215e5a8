"""Feed the parsers that are our own with what nobody writes, and say what breaks them.

Two engines make the inputs. `hypothesis` puts together pieces of real files and of each other, and
shrinks what fails; `atheris` (libFuzzer) mutates bytes towards code that has not run yet. Atheris
is in no lock: `make fuzz` puts it into a folder of its own.

Whatever comes in, a reader gives papers or rejections and raises nothing; its papers are fit to be
stored, shown and written; and nothing takes longer than its length explains. Run with
`python -m benchmarks.fuzz [--engine atheris] [--seconds 900] [--target bibtex]`; what was found is
kept in `build/fuzz`.
"""

# ruff: noqa: S101 - an assertion that fails is what is looked for

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import time
import traceback
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

    from rag.sources import Item, Reader

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "data" / "cases"
FOUND = ROOT / "build" / "fuzz"
_SECONDS = 1.0  # of the processor, for inputs of some kilobytes
_LONGEST = 20_000  # bytes
_ROUND = 200  # examples, after which the clock is looked at
_PIECES = re.compile(rb"\s+|\w+|[^\w\s]")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def check_papers(items: Iterator[Item]) -> None:
    """Take the items of a document; each is a paper that is fit for use, or a rejection."""
    from rag.papers import Paper
    from rag.sources import Rejection
    from rag.text.dates import parse_date

    for item in items:
        if not isinstance(item, Paper):
            assert isinstance(item, Rejection)
            assert item.reason
            continue
        assert item.title or item.abstract
        for text in (item.id, item.title, item.abstract, item.venue or "", *item.authors):
            _check_line(text)
        assert all(item.authors)
        assert Paper.from_dict(json.loads(json.dumps(item.as_dict()))) == item
        assert item.date is None or parse_date(item.date) == item.date
        assert item.year is None or 0 < item.year < 10_000


def _check_line(text: str) -> None:
    text.encode()  # no half of a surrogate pair
    assert text == " ".join(text.split()), text
    controls = [char for char in text if unicodedata.category(char) == "Cc"]
    assert not controls, controls


def _read(data: bytes, reader: Reader | None) -> None:
    from rag.sources import Document, read_document

    check_papers(read_document(Document(io.BytesIO(data), source="a", name="a"), reader))


def _texts(data: bytes) -> None:
    """Run all that cleans what a record holds."""
    from rag.papers import find_identifier
    from rag.sources.record import BadRecordError, Record
    from rag.text.dates import parse_date, parse_page_date
    from rag.text.latex import field_to_text
    from rag.text.safety import for_markdown, for_terminal

    text = data.decode("utf-8", "replace")
    for run in (parse_date, parse_page_date, find_identifier, for_markdown, for_terminal):
        run(text)
    field_to_text(text).encode()
    names: Any = text.split("|") if "|" in text else text
    record = Record(title=text, abstract=text, authors=names, date=text, venue=text, url=text)
    try:
        paper = record.to_paper("a")
    except BadRecordError:
        return
    check_papers(iter([paper]))


def targets() -> dict[str, Callable[[bytes], None]]:
    """Return what is fuzzed, by name: every reader, the choice among them, and the cleaning."""
    from functools import partial

    from rag.sources import all_readers

    found: dict[str, Callable[[bytes], None]] = {"any": partial(_read, reader=None)}
    found |= {one.name: partial(_read, reader=one) for one in all_readers()}
    return found | {"texts": _texts}


def timed(run: Callable[[bytes], None], data: bytes) -> None:
    """Run a target on an input; what takes too long is a finding too."""
    start = time.process_time()
    run(data)
    seconds = time.process_time() - start
    assert seconds < _SECONDS, f"{len(data)} bytes took {seconds:.1f} s"


def seeds(name: str) -> list[bytes]:
    """Return real files to begin with, small ones: a reader's own, or all where it has none."""
    from rag.sources import Document, all_readers

    files = [path.read_bytes() for path in sorted(CASES.rglob("*")) if path.is_file()]
    files = [data for data in files if 0 < len(data) <= _LONGEST]
    own = [
        data
        for reader in all_readers()
        if reader.name == name
        for data in files
        if reader.sniff(Document(io.BytesIO(data), source="", name="").head)
    ]
    return own or files


def strategy(name: str) -> SearchStrategy[bytes]:
    """Make inputs: files with pieces of other files in place of their own, or any bytes."""
    from hypothesis import strategies as st

    files = seeds(name)
    pieces = sorted({piece for data in files for piece in _PIECES.findall(data)})
    odd = [b"\x00", b"\xff", b"\r", b"\xe2\x80\xa8", b"\xc2\x85", b"\\", b"{", b"}", b"&#1;", b"<"]
    small = st.sampled_from([*odd, *pieces]) | st.binary(max_size=4) | st.text().map(_encode)

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(files)))
        for _ in range(draw(st.integers(1, 6))):
            at = draw(st.integers(0, len(data)))
            gone = draw(st.sampled_from([0, 0, 1, 3, 20, 200]))
            data[at : at + gone] = draw(small) * draw(st.sampled_from([1, 1, 1, 2, 50, 500]))
            del data[_LONGEST:]
        return bytes(data)

    return mutated() | st.lists(small, max_size=60).map(b"".join) | st.binary(max_size=200)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def with_hypothesis(name: str, seconds: float) -> tuple[int, str]:
    """Fuzz a target for some time; return how many inputs it took, and what broke it."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    run = targets()[name]
    count = 0
    inputs = strategy(name)
    end = time.monotonic() + seconds
    number = int(time.time())
    while time.monotonic() < end:
        number += 1

        @seed(number)
        @settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(data=inputs)
        def one_round(data: bytes) -> None:
            nonlocal count
            count += 1
            timed(run, data)

        try:
            one_round()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            told = getattr(error, "__notes__", [])  # the input, shrunk
            where = "".join(traceback.format_exception(error)[-8:])
            return count, "\n".join([where, *told])
    return count, ""


def with_atheris(name: str, seconds: float) -> tuple[int, str]:
    """Fuzz a target in a process of its own, as libFuzzer ends the one that it runs in."""
    corpus = FOUND / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    command = [sys.executable, "-m", "benchmarks.fuzz", "--child", "--target", name]
    options = [
        f"-max_total_time={seconds:.0f}", f"-max_len={_LONGEST}", "-print_final_stats=1",
        "-timeout=20", "-rss_limit_mb=4096", f"-artifact_prefix={FOUND}/{name}-", str(corpus),
    ]  # fmt: skip
    done = subprocess.run(
        [*command, "--", *options], capture_output=True, text=True, check=False, cwd=ROOT
    )
    said = done.stderr
    executed = _EXECUTED.search(said)
    broken = said[-4000:] if done.returncode else ""
    if executed is None and not broken:
        broken = f"atheris did not run:\n{said[-2000:]}"
    return int(executed[1]) if executed else 0, broken


def be_child(name: str, options: list[str]) -> None:
    """Run libFuzzer on a target, with all of the package instrumented."""
    import atheris

    with atheris.instrument_imports(include=["rag"]):
        run = targets()[name]
        run(b"{}")  # loads what is imported late
    atheris.Setup([sys.argv[0], *options], lambda data: timed(run, data))
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", choices=("hypothesis", "atheris"), default="hypothesis")
    parser.add_argument("--seconds", type=float, default=900, help="in all")
    parser.add_argument("--target", action="append", help="a reader's name, `any` or `texts`")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        be_child(options.target[0], options.options)
        return
    names = options.target or list(targets())
    FOUND.mkdir(parents=True, exist_ok=True)
    fuzz = with_hypothesis if options.engine == "hypothesis" else with_atheris
    total = broken = 0
    start = time.monotonic()
    for name in names:
        count, finding = fuzz(name, options.seconds / len(names))
        total += count
        broken += bool(finding)
        print(f"{name:<20} {count:>9,} inputs  {'BROKEN' if finding else 'fine'}", flush=True)
        if finding:
            (FOUND / f"{name}.{options.engine}.txt").write_text(finding, "utf-8")
            print(finding, flush=True)
    minutes = (time.monotonic() - start) / 60
    print(f"{options.engine}: {total:,} inputs in {minutes:.1f} minutes, {broken} targets broken")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
