"""The chat in the browser, built of Gradio blocks."""
