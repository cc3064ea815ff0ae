"""What can go wrong in the server, and how it is told to a caller (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class CongtacError(Exception):
    """The root of every error that the server raises itself."""


class Problem(CongtacError):  # noqa: N818 (the word of RFC 9457)
    """An answer that says no, and why.

    `status` is the HTTP status, `code` a short machine word, `title` and `detail` are for people: what is wrong, and
    what to do next. `extra` are further members of the problem document, `headers` further headers of the answer.
    `page`: where a browser is sent instead of an error page.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str | None = None,
        detail: str | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        page: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})
        self.page = page
        super().__init__(f"{status} {code}: {detail or self.title}")

    def document(self) -> dict[str, Any]:
        """The body of the answer, as application/problem+json wants it."""
        known = {"type": f"/problems/{self.code}", "title": self.title, "status": self.status, "code": self.code}
        detail = {} if self.detail is None else {"detail": self.detail}
        return {**self.extra, **known, **detail}
