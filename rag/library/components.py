"""What a library is made of, each part opened when it is first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rag.errors import LibraryError

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from rag.answers.answerer import Answerer
    from rag.answers.prepare import AnswerEngine
    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import Embedder
    from rag.settings import Settings
    from rag.verification.verifier import Verifier

__all__ = ["Parts"]


class Parts:
    """The parts of one library. Safe to use from several threads.

    Args:
        settings: All settings.
        model: Embeds passages and questions; what the settings name does when None.
    """

    def __init__(self, settings: Settings, model: BaseEmbedding | None = None) -> None:
        self._settings = settings
        self._model = model
        self._lock = threading.RLock()
        self._index: PaperIndex | None = None
        self._embedder: Embedder | None = None
        self._engine: AnswerEngine | None = None
        self._verifier: Verifier | None = None
        self._answerers: dict[str | None, Answerer] = {}

    def close(self) -> None:
        """Let go of files and connections; parts open again when they are needed again."""
        with self._lock:
            if self._index is not None:
                self._index.close()
            self._index = self._engine = None
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
                self._embedder = open_embedder(self._settings, self._model)
            return self._embedder

    def verifier(self) -> Verifier:
        """Return the gate."""
        from rag.models.nli import open_entailment
        from rag.verification.verifier import Verifier

        with self._lock:
            if self._verifier is None:
                second = open_entailment(self._settings)
                self._verifier = Verifier(self.embedder().encode_tokens, second=second)
            return self._verifier

    def answerer(self, model: str | None = None) -> Answerer:
        """Return what answers questions.

        Args:
            model: The model that writes; the one of the settings when None.
        """
        from rag.answers.answerer import Answerer

        with self._lock:
            engine = self.engine()
            if model not in self._answerers:
                changed = {"llm_model": model} if model else {}
                settings = self._settings.model_copy(update=changed)
                self._answerers[model] = Answerer(engine, self.verifier(), settings)
            return self._answerers[model]

    def engine(self) -> AnswerEngine:
        """Return what searches and quotes.

        Raises:
            LibraryError: there are no papers yet.
        """
        from rag.answers.prepare import AnswerEngine
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
            if self._engine is None:
                self._engine = AnswerEngine(index, embedder, self._settings)
            return self._engine
