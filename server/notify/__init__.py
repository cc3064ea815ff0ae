"""Telling people of what happens while they are not looking.

What may be told is decided by pure cores, `outages` and `safety`; `notices` hears devices, and hands to `delivery` what is to be sent,
off the hot path. `push` and `messengers` are the two ways. `opening` puts all together.
"""
