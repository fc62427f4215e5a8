"""The services of the web, one module each."""
