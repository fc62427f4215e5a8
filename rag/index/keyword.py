"""The keyword index: BM25 over title and abstract, in tantivy.

It is a cache: everything in it can be rebuilt from Chroma.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from rag.errors import StorageError
from rag.index.damage import is_panic, tells_damage
from rag.text.terms import analyzer, terms, with_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rag.papers import Paper

__all__ = ["KeywordIndex"]

_TOKENIZER = "abstracts"
_MAX_TERMS = 256  # of a question; a pasted page is cut here
_TIES = 20  # of one score about the last that is asked for
_WRITER_BYTES = 64_000_000


@tells_damage("keyword index")
class KeywordIndex:
    """BM25 search over papers.

    Title and text stand in one field: that ranked better than two weighted fields. What it holds
    are the terms of `rag.text.terms`.

    Args:
        folder: Where the index lives; made when it is missing.

    Raises:
        StorageError: the folder can't be used.
    """

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        # Positions are never asked for: leaving them out halves the index.
        schema.add_text_field("text", tokenizer_name=_TOKENIZER, index_option="freq")
        self._schema = schema.build()
        self._folder = folder
        self._writer: Any = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder))
        except BaseException as error:
            if not isinstance(error, OSError | ValueError) and not is_panic(error):
                raise
            reason = " ".join(str(error).split())[:120]
            raise StorageError(
                f"The keyword index in {folder} can't be opened ({reason}).",
                hint="It is made again from Chroma, without embedding, by: rag doctor --repair",
            ) from error
        self._index.register_tokenizer(_TOKENIZER, analyzer())

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def put(self, papers: Iterable[Paper]) -> None:
        """Add papers, replacing those of the same id; seen after `commit`."""
        writer = self._open_writer()
        for paper in papers:
            writer.delete_documents_by_term("id", paper.id)
            text = with_pieces(f"{paper.title}\n{paper.abstract}")
            writer.add_document(self._tantivy.Document(id=[paper.id], text=[text]))

    def remove(self, ids: Iterable[str]) -> None:
        """Remove papers; seen after `commit`."""
        writer = self._open_writer()
        for paper_id in ids:
            writer.delete_documents_by_term("id", paper_id)

    def rewrite(self, papers: Iterable[Paper]) -> None:
        """Hold these papers and no others, and nothing of what was there before; and commit."""
        self.commit()  # what has been put is otherwise no document that could be deleted yet
        self._open_writer().delete_all_documents()
        self.put(papers)
        self.commit()

    @property
    def remnants(self) -> int:
        """How many papers that were removed or replaced still count in the scores of the others.

        BM25 weighs a term by how many papers have it; tantivy counts those that are deleted until
        it merges the part of the index that they are in, which may be never.
        """
        told = json.loads((self._folder / "meta.json").read_text("utf-8"))
        deleted = (part.get("deletes") for part in told["segments"])
        return sum(part["num_deleted_docs"] for part in deleted if part)

    def ids(self) -> set[str]:
        """Return the ids of all papers."""
        searcher = self._index.searcher()
        everything = self._tantivy.Query.all_query()
        hits = searcher.search(everything, limit=max(1, len(self)), count=False).hits
        return {searcher.doc(address).get_first("id") for _, address in hits}

    def check(self) -> None:
        """Look through the files for damage.

        Raises:
            DamagedCacheError: there is some.
        """
        self.ids()
        self.search("the of and in a", 1)

    def commit(self) -> None:
        """Write what was put and removed, and let go of the index's lock."""
        if self._writer is not None:
            self._writer.commit()
            self._writer.wait_merging_threads()
            self._writer = None
        self._index.reload()

    def reload(self) -> None:
        """See what another process has written."""
        self._index.reload()

    def search(
        self, question: str | Mapping[str, float], k: int, *, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Rank papers by BM25.

        Args:
            question: Any text, in which a word said twice counts twice; or weights by term.
            k: How many papers at the most.
            among: Ids to stay within; None for all.

        Returns:
            Pairs of paper id and score, best first; only papers that share a term.
        """
        weights = Counter(terms(question)) if isinstance(question, str) else question
        if not weights or k < 1 or among == []:
            return []
        query = self._tantivy.Query
        occur = self._tantivy.Occur
        # tantivy's own query parser drops repeated words, which costs long questions dearly.
        matching = query.boolean_query(
            [
                (
                    occur.Should,
                    query.boost_query(
                        query.term_query(self._schema, "text", term, index_option="freq"),
                        float(weight),
                    ),
                )
                for term, weight in islice(weights.items(), _MAX_TERMS)
            ]
        )
        if among is not None:
            allowed = query.term_set_query(self._schema, "id", list(among))
            matching = query.boolean_query(
                [(occur.Must, matching), (occur.Must, query.const_score_query(allowed, 0.0))]
            )
        searcher = self._index.searcher()
        hits = searcher.search(matching, limit=k + _TIES, count=False).hits
        found = [(searcher.doc(address).get_first("id"), float(score)) for score, address in hits]
        # Left to itself, tantivy puts the one first that was added first.
        return sorted(found, key=lambda one: (-one[1], one[0]))[:k]

    def document_frequency(self, terms: Sequence[str]) -> tuple[list[int], int]:
        """Count in how many papers each term occurs, and how many papers there are."""
        searcher = self._index.searcher()
        counts = [int(searcher.doc_freq("text", term)) for term in terms]
        return counts, int(searcher.num_docs)

    def _open_writer(self) -> Any:  # noqa: ANN401 - tantivy is not typed here
        if self._writer is None:
            self._writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        return self._writer
