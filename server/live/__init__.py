"""The live page's side of the server: who watches, and what they are told."""
