"""What is packed small and unpacks to more than a machine holds, and records longer than any."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

MB = 2**20
MOST = 700  # MB of memory at the peak
WORDS = b"word " * 4_000_000  # 20 MB
GOOD = {"id": "tea", "title": "Cellar Tea", "abstract": "Cold tea brews for eleven hours."}
LINE = json.dumps(GOOD).encode() + b"\n"
ADD = """
import sys
from pathlib import Path
from rag.cli import main
sys.argv = ["rag", "add", sys.argv[1], "--storage", sys.argv[2], "--json"]
try:
    main()
except SystemExit as ended:
    print("\\nexit", ended.code, file=sys.stderr)
status = Path("/proc/self/status").read_text()
print("peak", int(status.partition("VmHWM:")[2].split()[0]) // 1024, file=sys.stderr)
"""


def record(**values: object) -> bytes:
    return json.dumps({"id": "b", "title": "Big", "abstract": "Short."} | values).encode() + b"\n"


def packed(*blocks: bytes, times: int = 1, suffix: str = "jsonl") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / f"bomb.{suffix}.gz"
        with gzip.open(path, "wb") as file:
            for _ in range(times):
                for block in blocks:
                    file.write(block)
        return path

    return write


def archive(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.jsonl", b"a" * (300 * MB))
        file.writestr("good.jsonl", LINE)
    return path


BOMBS: dict[str, tuple[Callable[[Path], Path], str, int]] = {
    "a line of 1 GB": (packed(b"a" * MB, times=1024), "200 times its size", 0),
    "five million bad lines": (packed(b"{\n" * 100_000, times=50), "in a row gave no paper", 0),
    "an abstract of 7 MB": (
        packed(record(abstract="word " * 1_400_000), LINE),
        "an abstract of 7,000,000 characters",
        1,
    ),
    "a title of 7 MB": (
        packed(record(title="word " * 1_400_000), LINE),
        "a title of 7,000,000 characters",
        1,
    ),
    "a million authors": (packed(record(authors=["A B"] * 900_000), LINE), "more authors", 1),
    "BibTeX": (
        packed(
            b"@article{a, title={Big}, abstract={" + WORDS[: 3 * MB] + b"}}\n"
            b"@article{b, title={Cellar Tea}, abstract={Cold tea brews for eleven hours.}}\n",
            suffix="bib",
        ),
        "an abstract of",
        1,
    ),
    "RIS": (
        packed(
            b"TY  - JOUR\nTI  - Big\nAB  - " + WORDS[: 3 * MB] + b"\nER  - \n\n"
            b"TY  - JOUR\nTI  - Cellar Tea\nAB  - Cold tea brews for hours.\nER  - \n",
            suffix="ris",
        ),
        "an abstract of",
        1,
    ),
    "a member of an archive": (archive, "200 times its size", 1),
}


@pytest.mark.usefixtures("library")  # with which the model is built, which takes more memory
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told_and_the_good_beside_it_goes_in(
    name: str, tmp_path: Path, model_cache: Path
) -> None:
    write, words, added = BOMBS[name]
    path = write(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", ADD, str(path), str(tmp_path / "storage")],
        capture_output=True,
        text=True,
        timeout=180,
        env={"RAG_CACHE": str(model_cache), "PATH": ""},
        check=False,
    )
    assert "Traceback" not in ran.stderr
    assert words in ran.stdout + ran.stderr
    peak = int(ran.stderr.rsplit("peak", 1)[1])
    assert peak < MOST, f"{peak} MB"
    if added:
        assert json.loads(ran.stdout)["added"] == added
