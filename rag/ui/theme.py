"""The looks: fonts of the reader's own machine, few colours, light and dark."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradio.themes import Base

__all__ = ["make_theme", "script", "style"]


def make_theme() -> Base:
    """Return Gradio's plainest theme in our colours, with no font from elsewhere."""
    import gradio as gr

    sans = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
    mono = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.slate,
        text_size=gr.themes.sizes.text_md,
        radius_size=gr.themes.sizes.radius_md,
        font=sans,
        font_mono=mono,
    )
    return theme.set(
        body_background_fill="#f7f8fa",
        body_background_fill_dark="#11151c",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#181d26",
        background_fill_secondary="#f1f3f6",
        background_fill_secondary_dark="#1f2530",
        block_background_fill="#ffffff",
        block_background_fill_dark="#181d26",
        block_border_width="1px",
        block_shadow="none",
        block_label_text_color="#475569",
        block_label_text_color_dark="#b6c0cf",
        block_info_text_color="#475569",
        block_info_text_color_dark="#b6c0cf",
        body_text_color="#1b2330",
        body_text_color_dark="#e6eaf0",
        body_text_color_subdued="#525f73",
        body_text_color_subdued_dark="#a3aec0",
        border_color_primary="#dfe4ea",
        border_color_primary_dark="#2c3442",
        button_primary_background_fill="#1f5fbf",
        button_primary_background_fill_hover="#184c99",
        button_primary_background_fill_dark="#2f6fd0",
        button_primary_background_fill_hover_dark="#3f7fe0",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        input_placeholder_color="#64708a",
        input_placeholder_color_dark="#97a3b6",
    )


@cache
def style() -> str:
    """Return the style sheet."""
    return files("rag.ui").joinpath("style.css").read_text("utf-8")


@cache
def script() -> str:
    """Return what runs in the page."""
    return files("rag.ui").joinpath("bridge.js").read_text("utf-8")
