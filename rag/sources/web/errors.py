"""What may go wrong when a service is asked."""

from __future__ import annotations

__all__ = ["PassingError", "ServiceError"]


class ServiceError(Exception):
    """A service can't be asked, or not to the end; the message says why.

    Attributes:
        body: What it answered, where that may say more; else empty.
    """

    def __init__(self, reason: str, *, body: bytes = b"") -> None:
        super().__init__(reason)
        self.body = body


class PassingError(ServiceError):
    """Something that may be gone when the service is asked again.

    Attributes:
        wait: How many seconds the service asks to wait, where it says so.
    """

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait
