"""Papers from the web: one client, and one module a service; only what is named is asked for."""

from rag.sources.web.reading import Reading, Web
from rag.sources.web.service import (
    BadQueryError,
    Query,
    Service,
    all_services,
    parse_query,
)

__all__ = [
    "BadQueryError",
    "Query",
    "Reading",
    "Service",
    "Web",
    "all_services",
    "parse_query",
]
