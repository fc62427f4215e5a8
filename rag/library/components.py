"""What a library is made of, each part opened when it is first needed."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from rag.errors import LibraryError

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from rag.answers.answerer import Answerer
    from rag.answers.draft import Tools
    from rag.answers.prepare import Retrieval
    from rag.index.paper_index import PaperIndex
    from rag.llm.client import LLMClient
    from rag.llm.prompts import Prompts
    from rag.models.embedder import Embedder
    from rag.models.reader import BuiltInReader
    from rag.settings import Settings
    from rag.verification.verifier import Verifier

__all__ = ["Parts"]


class Parts:
    """The parts of one library. Safe to use from several threads.

    Args:
        settings: All settings.
        llm: The client of the model that they name; opened when it is first needed if None.
        embedding: Embeds passages and questions; what the settings name does when None.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        llm: LLMClient | None = None,
        embedding: BaseEmbedding | None = None,
    ) -> None:
        self._settings = settings
        self._embedding = embedding
        self._lock = threading.RLock()
        self._index: PaperIndex | None = None
        self._embedder: Embedder | None = None
        self._retrieval: Retrieval | None = None
        self._reader: BuiltInReader | None = None
        self._verifier: Verifier | None = None
        self._clients: dict[str | None, LLMClient] = {} if llm is None else {llm.name: llm}
        self._answerers: dict[str | None, Answerer] = {}

    def close(self) -> None:
        """Let go of files and connections; parts open again when they are needed again."""
        with self._lock:
            if self._index is not None:
                self._index.close()
            self._index = self._retrieval = None
            self._answerers.clear()

    def index(self, *, create: bool = False) -> PaperIndex:
        """Return the index, as other processes have left it.

        Args:
            create: Make an empty one where there is none.
        """
        from rag.index.paper_index import PaperIndex

        with self._lock:
            if self._index is None:
                self._index = PaperIndex(self._settings, create=create)
            self._index.refresh()
            return self._index

    def embedder(self) -> Embedder:
        """Return what turns texts into vectors."""
        from rag.models.embedder import open_embedder

        with self._lock:
            if self._embedder is None:
                self._embedder = open_embedder(self._settings, self._embedding)
            return self._embedder

    def reader(self) -> BuiltInReader:
        """Return what reads questions and sentences beside evidence."""
        from rag.models.reader import BuiltInReader

        with self._lock:
            if self._reader is None:
                settings = self._settings
                self._reader = BuiltInReader(settings.cache, quantize=settings.quantize)
            return self._reader

    def verifier(self) -> Verifier:
        """Return what checks sentences."""
        from rag.models.reader import open_reader
        from rag.verification.verifier import Verifier

        with self._lock:
            if self._verifier is None:
                encoder = self.embedder().encoder
                reader = open_reader(self._settings, self.reader())
                self._verifier = Verifier(encoder.encode, encoder.count_tokens, reader)
            return self._verifier

    def tools(self) -> Tools:
        """Return what a text is written and checked with, apart from any paper of the library.

        Raises:
            SettingsError: no model is named.
            LLMError: no endpoint is known.
        """
        from rag.answers.draft import Tools
        from rag.llm.prompts import Prompts

        return Tools(
            model=self.client(),
            prompts=Prompts(self._settings.prompts_dir),
            verifier=self.verifier(),
            settings=self._settings,
        )

    def client(self, model: str | None = None) -> LLMClient:
        """Return the client of a language model.

        Args:
            model: Its name; the one of the settings when None.

        Raises:
            SettingsError: no model is named.
            LLMError: no endpoint is known.
        """
        from rag.llm.client import open_client

        name = model or self._settings.llm_model
        with self._lock:
            if name not in self._clients:
                self._clients[name] = open_client(self._settings, name)
            return self._clients[name]

    def answerer(self, model: str | None = None, *, prompts: Prompts | None = None) -> Answerer:
        """Return what answers questions.

        Args:
            model: The model that writes; the one of the settings when None.
            prompts: What the model is asked; the prompts of the settings when None.
        """
        from rag.llm.prompts import Prompts

        with self._lock:
            retrieval = self.retrieval()
            if prompts is not None:
                return self._open_answerer(retrieval, model, prompts)
            if model not in self._answerers:
                prompts = Prompts(self._settings.prompts_dir)
                self._answerers[model] = self._open_answerer(retrieval, model, prompts)
            return self._answerers[model]

    def _open_answerer(self, retrieval: Retrieval, model: str | None, prompts: Prompts) -> Answerer:
        from rag.answers.answerer import Answerer

        changed = {"llm_model": model} if model else {}
        return Answerer(
            retrieval,
            self.verifier(),
            self._settings.model_copy(update=changed),
            open_client=partial(self.client, model),
            prompts=prompts,
        )

    def retrieval(self) -> Retrieval:
        """Return what finds papers and evidence in the index as other processes have left it.

        To be called once for each question: it is what makes their changes seen.

        Raises:
            LibraryError: there are no papers yet.
            StorageError: Chroma has lost some of them.
        """
        from rag.index.manifest import Manifest

        with self._lock:
            index = self.index()
            if not len(index.catalog):
                raise LibraryError(
                    f"The library in {self._settings.storage} holds no papers.",
                    hint="Add some first: rag add FILE_OR_FOLDER",
                )
            embedder = self.embedder()
            # Each time: another process may have rebuilt the index with another embedder.
            index.check_manifest(Manifest.of(embedder))
            index.check_whole()
            if self._retrieval is None:
                self._retrieval = self._open_retrieval(index, embedder)
            return self._retrieval

    def _open_retrieval(self, index: PaperIndex, embedder: Embedder) -> Retrieval:
        from rag.answers.prepare import Retrieval
        from rag.evidence.ranker import EvidenceRanker
        from rag.index.encoding import PaperTokens
        from rag.search.hybrid import HybridSearcher
        from rag.search.rerank import Rerankers

        tokens = PaperTokens(embedder.encoder, index.tokens)
        return Retrieval(
            searcher=HybridSearcher(index, embedder),
            rerankers=Rerankers(self._settings, open_client=self.client),
            ranker=EvidenceRanker(
                embedder.encode_tokens, tokens, index.keyword, self.reader().answers
            ),
            keyword=index.keyword,
            catalog=index.catalog,
            english=self._embedding is None
            and self._settings.embedder == type(self._settings).model_fields["embedder"].default,
        )
