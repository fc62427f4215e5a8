"""One module a format; a new file here, with one object in it, is a new format."""
