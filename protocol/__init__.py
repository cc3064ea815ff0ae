"""The language that all parts speak: topics, messages, signatures, and the link that carries them.

What others may use: `topics`, `messages`, `codec`, `signing`, `ids`, `link`, `backoff` and the errors.
It imports none of the other packages.
"""
