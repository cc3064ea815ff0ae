"""The language that all parts speak: topics, messages, signatures, and the link that carries them.

What others may use: `topics`, `messages`, `codec`, `signing`, `ids`, `link`, and the errors. This package imports none of the others.
"""
