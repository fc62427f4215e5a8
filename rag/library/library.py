"""The library: papers go in, cited answers come out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rag.library.components import Parts
from rag.library.holdings import Holdings
from rag.search.query import MAX_QUESTION, check_question
from rag.settings import Settings, load_settings
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llama_index.core.base.embeddings.base import BaseEmbedding

    from rag.answers.answer import Answer, AnswerMode, Citation, Verification
    from rag.answers.stream import AnswerStream, AsyncAnswerStream, Backend
    from rag.answers.survey import Survey
    from rag.chat.conversation import Chat
    from rag.library.backup import Backup
    from rag.library.llama_index import HybridRetriever, LibraryQueryEngine
    from rag.library.zotero import SentReport
    from rag.llm.client import LLMClient
    from rag.papers import Paper
    from rag.search.hybrid import Hit, Mode, SearchResult
    from rag.search.query import Filters

__all__ = ["Library"]


class Library(Holdings):
    """Papers that answer questions.

    Opening a library reads and writes nothing; each method opens what it needs.

    Args:
        storage: Folder of the library; the setting of that name when None.
        settings: All settings; read from `rag.toml` and the environment when None.
        llm: The client of a language model to write answers with, in place of the one that the
            settings name.
        embedder: Any LlamaIndex embedding model with a `model_name`; the one that the settings
            name when None.

    Raises:
        SettingsError: a setting can't be used.
    """

    def __init__(
        self,
        storage: str | Path | None = None,
        *,
        settings: Settings | None = None,
        llm: LLMClient | None = None,
        embedder: BaseEmbedding | None = None,
    ) -> None:
        chosen = settings or load_settings()
        if storage is not None:
            chosen = chosen.model_copy(update={"storage": Path(storage)})
        if llm is not None:
            chosen = chosen.model_copy(update={"llm_model": llm.name})
        self.settings = chosen
        self._parts = Parts(chosen, llm=llm, embedding=embedder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def warm_up(self) -> None:
        """Load in advance what the first question would wait for; no language model is asked.

        Raises:
            LibraryError: there are no papers yet.
            LLMError: a language model is configured, and its settings can't work.
        """
        self._parts.retrieval().searcher.search("papers", 1)
        self._parts.answerer().writer(None)

    # --- questions --------------------------------------------------------------------------

    def search(self, question: str, k: int = 10, *, filters: Filters | None = None) -> list[Hit]:
        """Find the `k` papers that fit a question best.

        Raises:
            QuestionError: the question is blank or too long.
            LibraryError: there are no papers yet.
        """
        return list(self.find(question, k, filters=filters).hits)

    def find(
        self,
        question: str,
        k: int = 10,
        *,
        filters: Filters | None = None,
        mode: Mode = "hybrid",
    ) -> SearchResult:
        """Search as `search` does, and also return the notes a reader should see.

        Args:
            question: Any text.
            k: How many papers.
            filters: Which papers may be found.
            mode: Both retrievers of the search, or one of them alone.
        """
        text, retrieval = check_question(question), self._parts.retrieval()
        reranker = retrieval.rerankers.get()
        return retrieval.searcher.search(text, k, filters, mode=mode, reranker=reranker)

    def similar(self, paper_id: str, k: int = 5) -> list[Hit]:
        """Find the papers that are most like one of the library's.

        Raises:
            PaperNotFoundError: the library has no such paper.
        """
        paper = self.paper(paper_id)
        text = one_line(f"{paper.title}. {paper.abstract}")[:MAX_QUESTION]
        found = self.search(text, k + 1)
        return [hit for hit in found if hit.paper.id != paper.id][:k]

    def evidence(self, question: str, papers: Sequence[Paper | str]) -> list[Citation]:
        """Rank all sentences of some papers by how well they answer a question, the best first.

        Args:
            question: A question or a claim.
            papers: Where to look: papers, or ids of the library's; each sentence's `n` is the
                place of its paper among them, counted from 1.

        Raises:
            QuestionError: the question is blank or too long.
            PaperNotFoundError: the library has no paper of such an id.
            LibraryError: there are no papers yet.
        """
        from rag.answers.quoting import cite
        from rag.text.citations import Numbering

        given = [self.paper(one) if isinstance(one, str) else one for one in papers]
        ranked = self._parts.retrieval().ranker.rank(check_question(question), given)
        places = Numbering({paper.id: place for place, paper in enumerate(given, start=1)})
        return cite(ranked, given, places)

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        literal: bool = False,
    ) -> Answer:
        """Answer a question from the papers, or say that they don't hold the answer.

        Args:
            question: Any text.
            filters: Which papers may be used.
            mode: `extractive` quotes the papers, `llm` has the configured model write, and every
                sentence it writes is checked; None is `llm` where a model is configured.
            literal: Take the question as it stands: no word of it is a filter, an exclusion or
                small talk, and it is not about the library.

        Raises:
            QuestionError: the question is blank or too long.
            LibraryError: there are no papers yet.
            LLMError: the model gave no answer, and the settings name no fallback.
        """
        return self.stream(question, filters=filters, mode=mode, literal=literal).finish()

    async def aask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        literal: bool = False,
    ) -> Answer:
        """Answer as `ask` does, without blocking the event loop."""
        return await self.astream(question, filters=filters, mode=mode, literal=literal).finish()

    def stream(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        literal: bool = False,
    ) -> AnswerStream:
        """Answer as `ask` does, giving the text as it comes.

        Iterating the stream gives pieces of text; after the last one, its `answer` is the
        finished answer, of which they are the text. Closing it stops the model.

        Raises:
            QuestionError: the question is blank or too long; other errors come with the first
                piece.
        """
        from rag.answers.stream import AnswerStream

        return AnswerStream(partial(self._answer, check_question(question), filters, mode, literal))

    def astream(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        literal: bool = False,
    ) -> AsyncAnswerStream:
        """Answer as `stream` does, without blocking the event loop."""
        from rag.answers.stream import AsyncAnswerStream

        return AsyncAnswerStream(
            partial(self._answer, check_question(question), filters, mode, literal)
        )

    async def _answer(
        self,
        question: str,
        filters: Filters | None,
        mode: AnswerMode | None,
        literal: bool,
        backend: Backend,
    ) -> Answer:
        from rag.answers.prepare import AnswerRequest

        answerer = await backend.run(self._parts.answerer)
        request = AnswerRequest(
            question=question,
            budget=answerer.budget(),
            filters=filters,
            mode=mode,
            literal=literal,
        )
        return await answerer.answer(request, backend)

    def survey(self, question: str, *, filters: Filters | None = None) -> Survey:
        """Find every paper that fits a question, and what each says of it, as a table.

        Args:
            question: A question or a subject.
            filters: Which papers may be used.

        Raises:
            QuestionError: the question is blank or too long.
            LibraryError: there are no papers yet.
        """
        from rag.answers.prepare import AnswerRequest
        from rag.answers.survey import survey

        request = AnswerRequest(
            question=check_question(question),
            budget=self._parts.answerer().budget(),
            filters=filters,
        )
        return survey(request, self._parts.retrieval())

    def chat(
        self,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        model: str | None = None,
    ) -> Chat:
        """Begin a conversation: follow-ups are understood, and papers keep their numbers."""
        from rag.chat.conversation import Chat

        return Chat(self._parts.answerer, filters=filters, mode=mode, model=model)

    def verify(
        self, text: str, papers: Sequence[Paper | str] | str | Path | None = None
    ) -> Verification:
        """Check each sentence of a text against the papers that it cites.

        Args:
            text: By anyone, with markers such as `[1]`.
            papers: The n-th is what `[n]` stands for: papers, in the library or not, or ids; or
                the path of a file of papers. A string that is the path of no file is one id. When
                None, a list of references at the end of the text names papers of the library.

        Raises:
            PaperNotFoundError: the library has no paper of such an id.
            LibraryError: there are no papers to check against.
            LLMError: a model is to judge too, and none is configured.
        """
        from rag.answers.references import Lookup, verify_text

        lookup = Lookup(by_id=self.paper, by_title=self._by_title)
        checked = verify_text(text, papers, lookup, self._parts.verifier())
        if self.settings.check == "local":
            return checked
        from rag.answers.second_opinion import judge
        from rag.answers.stream import complete
        from rag.llm.budget import Budget

        tools, budget = self._parts.tools(), Budget(self.settings)
        return complete(partial(judge, checked, tools, budget))

    def export(
        self,
        ids: Sequence[str] | str | None = None,
        format: str = "bibtex",  # noqa: A002 - as the command line calls it
    ) -> str | bytes:
        """Write papers for reference managers and programs.

        Args:
            ids: Which papers, in this order, or the id of one; all when None.
            format: The name of the format, such as `bibtex` or `ris`.

        Returns:
            Text; bytes where the format is none of text, as Word's is.

        Raises:
            PaperNotFoundError: one of the ids is not in the library.
            LibraryError: there is no such format; the hint lists those that there are.
        """
        from rag.export import export_papers

        return export_papers(self._chosen(ids), format)

    def send(self, target: str, ids: Sequence[str] | str | None = None) -> SentReport:
        """Write papers into a collection of Zotero's, those that it doesn't hold yet.

        Args:
            target: `zotero:` and the key or the name of a collection; a key that may write to it
                is read from the environment variable ZOTERO_API_KEY.
            ids: Which papers, or the id of one; all when None.

        Raises:
            PaperNotFoundError: one of the ids is not in the library.
            LibraryError: there is no such collection, or Zotero can't be reached, or refuses it.
        """
        from rag.library.zotero import send_papers

        return send_papers(self._chosen(ids), target, self.settings)

    def _chosen(self, ids: Sequence[str] | str | None) -> Iterator[Paper]:
        if ids is None:
            return self.papers()
        return map(self.paper, [ids] if isinstance(ids, str) else ids)

    def _by_title(self, title: str) -> list[Paper]:
        return [entry.paper for entry in self._parts.index().catalog.by_title(title)]

    def as_retriever(self, k: int = 10, *, filters: Filters | None = None) -> HybridRetriever:
        """Return a LlamaIndex retriever over the library.

        Args:
            k: How many papers each query returns.
            filters: Which papers may be found.

        Raises:
            As `search` does.
        """
        from rag.library.llama_index import HybridRetriever

        # What can't work fails here, not at the first query.
        self._parts.retrieval().rerankers.get()
        return HybridRetriever(partial(self.find, k=k, filters=filters))

    def as_query_engine(
        self, *, filters: Filters | None = None, streaming: bool = False
    ) -> LibraryQueryEngine:
        """Return a LlamaIndex query engine over the library, with prompts of its own.

        Args:
            filters: Which papers may be used.
            streaming: Whether responses come as streams.

        Raises:
            LibraryError: there are no papers yet.
        """
        from rag.library.llama_index import LibraryQueryEngine
        from rag.llm.prompts import Prompts

        prompts = Prompts(self.settings.prompts_dir)
        self._parts.answerer(prompts=prompts)  # what can't work fails here, not at the first query
        return LibraryQueryEngine(
            partial(self._parts.answerer, prompts=prompts),
            prompts,
            filters=filters,
            streaming=streaming,
        )

    def recipe(self) -> tuple[str, ...]:
        """Name all that decides how papers are indexed under the present settings.

        Libraries of one recipe hold the same vectors for the same papers.

        Raises:
            EmbedderError: there is no such embedder.
        """
        from rag.index.chunking import CHUNKER
        from rag.index.manifest import FORMAT
        from rag.models.embedder import embedder_name

        return (embedder_name(self.settings), str(self.settings.quantize), CHUNKER, str(FORMAT))

    def backup(self, file: str | Path, *, replace: bool = False) -> Backup:
        """Write the whole library into one file, with a checksum of all that it holds.

        Args:
            file: The file.
            replace: Whether one of that name may be replaced.

        Raises:
            LibraryNotFoundError: there is no library yet.
            StorageError: another process is changing it, the file is there already or can't be
                written, or the papers are on a Chroma server.
        """
        from rag.library.backup import backup

        return backup(self.settings, Path(file), replace=replace)

    @staticmethod
    def restore(
        file: str | Path,
        storage: str | Path | None = None,
        *,
        settings: Settings | None = None,
        replace: bool = False,
    ) -> Backup:
        """Put a library back from what `backup` wrote, once the file has been looked through.

        Args:
            file: The file.
            storage: Folder of the library; that of the settings when None.
            settings: All settings; else they are read as always.
            replace: Whether a library that is there may be replaced.

        Raises:
            StorageError: the file is damaged, of a newer version, or not one of ours; there is a
                library already; or another process is changing it. Nothing has changed then.
        """
        from rag.library.backup import restore

        chosen = settings or load_settings(storage=Path(storage) if storage else None)
        return restore(Path(file), chosen, replace=replace)

    @staticmethod
    def repair(storage: str | Path | None = None, *, settings: Settings | None = None) -> list[str]:
        """Mend a library that nobody has open, and say what was done, one line each.

        Damaged caches are made again from Chroma, and papers that Chroma has lost are embedded
        again from the catalogue.

        Args:
            storage: Folder of the library; that of the settings when None.
            settings: All settings; else they are read as always.

        Raises:
            LibraryNotFoundError: there is no library.
            StorageError: it can't be mended, or another process is changing it.
        """
        from rag.library.repair import repair

        return repair(settings or load_settings(storage=Path(storage) if storage else None))

    def status(self) -> dict[str, Any]:
        """Say what the library holds and how it was built."""
        from rag.library.overview import describe

        return describe(self._parts.index(), self.settings)
