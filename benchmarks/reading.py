"""Records a second and peak memory of reading, without embedding and without a library.

Two inputs: the abstracts beside the project, and lines as arXiv's snapshot has them, made here and
packed with gzip, two million unless `--records` says otherwise. Memory has to stay the same however
many there are: it is measured after a tenth of the records and at the end, each input in a process
of its own.

Run with `python -m benchmarks.reading [--papers PATH] [--records 2000000]`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSTRACTS = Path(__file__).parents[2] / "shared" / "data" / "abstracts-140k.jsonl.gz"
_WORDS = (
    "we study the rate at which a model of light in thin layers of glass learns to bend rays that"
    " come from far stars and show that with 37 samples its error falls below that of older methods"
    " by half while heat noise and drift of the lens are kept in bounds over nine nights of tests"
).split()
_ABSTRACTS = 4000  # different ones, more than gzip's window holds
_SENTENCES = 7


def snapshot_lines(count: int) -> Iterator[str]:
    """Yield records as the snapshot has them, each with an id and a title of its own."""
    chance = random.Random(7)
    abstracts = []
    for _ in range(_ABSTRACTS):
        sentences = (" ".join(chance.choices(_WORDS, k=22)) for _ in range(_SENTENCES))
        abstracts.append("".join(f"  {one.capitalize()}.\n" for one in sentences))
    for number in range(count):
        month, place = divmod(number, 90_000)
        year, month = divmod(month, 12)
        record = {
            "id": f"{7 + year:02d}{1 + month:02d}.{10_000 + place}",
            "submitter": "A. Nobody",
            "authors": "Ana Costa, Ludwig van der Berg and Bo Ek",
            "title": f"On Case {number} of Light in Thin\n  Layers",
            "comments": "12 pages",
            "journal-ref": None,
            "doi": None,
            "categories": "physics.optics",
            "license": None,
            "abstract": abstracts[number % _ABSTRACTS],
            "versions": [{"version": "v1", "created": "Mon, 2 Apr 2018 19:18:42 GMT"}],
            "update_date": "2018-04-10",
            "authors_parsed": [["Costa", "Ana", ""], ["van der Berg", "Ludwig", ""]],
        }
        yield json.dumps(record) + "\n"


def read(path: str) -> dict[str, Any]:
    """Read a file to its end, and say what that took."""
    from rag.papers import Paper
    from rag.sources import read_sources

    tenth, rejected, papers = 0, 0, 0
    expected = int(Path(path).with_suffix(".count").read_text()) if path.endswith(".made") else 0
    start = time.perf_counter()
    used = time.process_time()
    for item in read_sources([path]):
        papers += isinstance(item, Paper)
        rejected += not isinstance(item, Paper)
        if papers == (expected or 140_000) // 10:
            tenth = _peak()
    return {
        "papers": papers,
        "rejected": rejected,
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - used,
        "tenth": tenth,
        "peak": _peak(),
    }


def _peak() -> int:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(name: str, path: Path) -> None:
    """Read a file in a process of its own, and print its figures."""
    command = [sys.executable, "-m", "benchmarks.reading", "--read", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{name:<22} {found['papers']:>9,} papers {found['rejected']:>5,} rejected "
        f"{found['seconds']:>8.1f} s {found['papers'] / found['seconds']:>8,.0f} papers/s "
        f"({found['papers'] / found['processor']:,.0f} a second of the processor)  "
        f"peak {found['tenth']} MB after a tenth, {found['peak']} MB at the end",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=Path, default=ABSTRACTS, help="a file of abstracts")
    parser.add_argument("--records", type=int, default=2_000_000, help="of the snapshot")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read)))
        return
    if options.papers.exists():
        measure(options.papers.name, options.papers)
    else:
        print(f"{options.papers} is not there")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "snapshot.made")
        made.with_suffix(".count").write_text(str(options.records))
        with gzip.open(made, "wt", compresslevel=1) as file:
            file.writelines(snapshot_lines(options.records))
        measure("snapshot, gzipped", made)


if __name__ == "__main__":
    main()
