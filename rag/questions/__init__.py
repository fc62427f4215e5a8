"""What a question is: small talk, about the library, of which papers, without what, in parts."""
