"""Make a library and a question set of the written questions, and measure answers on them.

    python -m benchmarks.written_questions [--data ../shared] [--work build/questions]

The library holds all 750 abstracts; asked are the questions about those that the reader was not
fitted on, two that an abstract answers and one close to its subject that it doesn't. The figures
are those of `rag eval` (docs/evaluation.md). Nothing was fitted or chosen on these questions.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.reader_data import is_dev
from rag import Library


def paper_of(row: dict[str, Any]) -> dict[str, Any]:
    return {"title": row["title"], "abstract": " ".join(row["sentences"])}


def questions_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the questions about an abstract, as `rag eval` reads them."""
    made = []
    for place, one in enumerate(row["questions"]):
        made.append(
            {
                "id": f"{row['abstract_id']}-{place}",
                "kind": "answerable" if one["gold"] else "near-miss",
                "question": one["question"],
                "papers": [row["title"]] if one["gold"] else [],
                "evidence": [
                    {"paper": row["title"], "quote": row["sentences"][gold]} for gold in one["gold"]
                ],
            }
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, default=Path("build/questions"))
    options = parser.parse_args()
    source = options.data / "data" / "questions" / "written.jsonl"
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    options.work.mkdir(parents=True, exist_ok=True)
    papers, questions = options.work / "papers.jsonl", options.work / "questions.jsonl"
    papers.write_text("".join(json.dumps(paper_of(row)) + "\n" for row in rows), "utf-8")
    asked = [one for row in rows if is_dev(row["abstract_id"]) for one in questions_of(row)]
    questions.write_text("".join(json.dumps(one) + "\n" for one in asked), "utf-8")
    storage = options.work / "storage"
    with Library(storage) as library:
        print(library.add(papers))
    command = [str(Path(sys.executable).with_name("rag")), "eval", str(questions)]
    where = ["--storage", str(storage), "--split", "all"]
    raise SystemExit(subprocess.run([*command, *where], check=False).returncode)


if __name__ == "__main__":
    main()
