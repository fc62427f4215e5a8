"""One module a format, with one `Reader` in it; a new file here is a new format."""
