"""Read the papers of a query: page by page, each by the reader that its content asks for."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from rag.errors import SettingsError
from rag.sources.base import Failure, Item, Rejection
from rag.sources.document import Document
from rag.sources.reading import NO_PAPERS, read_document
from rag.sources.record import EMPTY_RESULT
from rag.sources.web.errors import ServiceError
from rag.sources.web.service import Page, Query, Request, Service, all_services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from rag.settings import Settings
    from rag.sources.web.client import WebClient

__all__ = ["Reading", "Web"]

_SAID = "the service returned an error"


class Web:
    """The web, for as long as sources are read from it.

    Args:
        settings: How services are asked.
        limit: How many papers of a search, or of days, are read; as the service has it when None.
        note: Told what a person should know of what was read.

    Raises:
        SettingsError: the settings name a service that there is not.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        limit: int | None = None,
        note: Callable[[str], object] = lambda _: None,
    ) -> None:
        known = [name for service in all_services() for name in service.addresses]
        for name in settings.web_addresses:
            if name not in known:
                raise SettingsError(
                    f"The setting web_addresses names {name!r}, which is no service.",
                    hint=f"Services are: {', '.join(known)}.",
                )
        self._settings = settings
        self._opened: WebClient | None = None
        self._limit = limit
        self._note = note

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            self._opened.close()

    @property
    def _client(self) -> WebClient:
        from rag.sources.web.client import WebClient

        if self._opened is None:
            self._opened = WebClient(self._settings)
        return self._opened

    def read(self, query: Query, source: str, *, limit: int | None = None) -> Reading:
        """Return the reading of a query; nothing is asked before it is iterated over.

        Args:
            query: What is wanted.
            source: What rejections call it.
            limit: How many papers, where that is another number than usual.
        """
        service = next(one for one in all_services() if one.name == query.service)
        return Reading(
            self._client, service, query, source, self._how_many(service, limit), self._note
        )

    def _how_many(self, service: Service, limit: int | None) -> int:
        return min(limit or self._limit or service.most, service.ceiling)


class Reading:
    """The papers of a query, as they come.

    A reading that breaks off, whether by an error or by Ctrl-C, goes on where it stopped when the
    same query is read again within a day: the pages that came are not asked for again.

    Attributes:
        documents: The names that the papers so far list as their sources.
        complete: Whether all papers that the query has were read; False until then.
    """

    def __init__(
        self,
        client: WebClient,
        service: Service,
        query: Query,
        source: str,
        limit: int,
        note: Callable[[str], object],
    ) -> None:
        self._client = client
        self._service = service
        self._query = query
        self._text = query.text
        self._source = source
        self._limit = limit
        self._note = note
        self._read = 0
        self._rejected = False
        self._left_out = False
        self._failed = False
        self._total: int | None = None
        self.documents: set[str] = set()
        self.complete = False

    def __iter__(self) -> Iterator[Item]:
        run = f"{self._text} {self._limit}"
        since = self._client.cache.begin(run)
        place, limited = "", self._query.kind in {"terms", "days"}
        try:
            pages = self._service.pages(self._query, self._limit)
            request = next(pages)
            for number in count(1):
                place = self._place(request, number)
                try:
                    page = self._client.get(self._service, request, since=since)
                    yield from self._items(request, page, place, limited=limited)
                except ServiceError as error:
                    if not (request.about and error.body):
                        raise
                    # The service has something against this one, not against all of them.
                    self._failed = True
                    yield Failure(self._source, place, self._why(error))
                    page = Page(404, b"")
                request = pages.send(page)
                if limited and self._read >= self._limit:
                    self._left_out = True
                    break
        except StopIteration as end:
            self._total = end.value
        except ServiceError as error:
            yield Failure(self._source, place, self._why(error))
            return
        self._client.cache.finish(run)
        self._say_what_is_left_out()
        self.complete = not self._left_out and not self._failed
        if not (self._read or self._rejected or self._failed):
            yield Rejection(self._source, "", f"{self._service.label} has no papers for it")

    def _place(self, request: Request, number: int) -> str:
        """Return what places a request among several; empty for the one of a single paper."""
        if request.about:
            return "" if self._text.endswith(f":{request.about}") else request.about
        return "" if number == 1 else f"request {number}"

    def _items(self, request: Request, page: Page, place: str, *, limited: bool) -> Iterator[Item]:
        if page.status != 200:
            if not request.optional:
                self._rejected = True
                yield Rejection(self._source, place, f"{self._service.label} has no such paper")
            return
        if not request.read:
            return
        found: set[str] = set()
        for item in read_document(self._document(request, page.body)):
            if isinstance(item, Rejection):
                # Days without papers, and pages behind the last one, are nothing to report.
                if item.reason not in {EMPTY_RESULT, NO_PAPERS}:
                    self._rejected = True
                    yield replace(item, place=", ".join(filter(None, (place, item.place))))
                continue
            if limited and self._read >= self._limit:
                self._left_out = True
                break
            self._read += 1
            found.update(item.identifiers)
            yield item
        for one in request.asked:
            if one not in found:
                self._rejected = True
                alone = len(self._query.values) == 1
                reason = f"{self._service.label} has no such paper"
                yield Rejection(self._source, "" if alone else one, reason)

    def _document(self, request: Request, body: bytes) -> Document:
        name = self._service.name  # where papers were asked for by their ids
        if self._query.kind == "terms":
            name = self._text
        elif self._query.kind == "days":
            name = f"{self._service.name}:{request.about}"
        self.documents.add(name)
        return Document(io.BytesIO(body), source=self._source, name=name)

    def _why(self, error: ServiceError) -> str:
        """Say why a service can't be asked: in its own words where it has some."""
        if not error.body:
            return str(error)
        document = Document(io.BytesIO(error.body), source=self._source, name="")
        said = (one.reason for one in read_document(document) if isinstance(one, Rejection))
        return next((reason for reason in said if _SAID in reason), str(error))

    def _say_what_is_left_out(self) -> None:
        total = self._total or 0
        if total > self._limit or self._left_out:
            self._left_out = True
            of = f" of {total:,}" if total else ""
            self._note(f"{self._text}: the first {self._read:,}{of} papers were read.")
