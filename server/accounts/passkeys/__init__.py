"""Passkeys (WebAuthn): made on a person's own page, and then enough to sign in with and to prove who one is."""
