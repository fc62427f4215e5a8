"""A question to the test library, an answer that a model may write to it, and what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers.openai_server import OpenAIServer

__all__ = ["GOOD", "WHALES", "sent"]

WHALES = "How are blue whales counted with few labels?"
GOOD = (
    "Blue whales are counted with only fifty labelled minutes of sound [1]. "
    "Ship noise below 60 hertz doubles the error [1]."
)


def sent(server: OpenAIServer, index: int = -1) -> dict[str, str]:
    """Return what a request said, by role."""
    return {m["role"]: m["content"] for m in server.chats[index].body["messages"]}
