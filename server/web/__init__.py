"""The phone page. Others may use `router`, `render`, `render_error`, `texts` and `WebBackend` with `Viewer`, which the application fulfils.

The application puts a WebBackend at `app.state.web`. `prepare()` at its start reads everything into memory once.
"""

from server.web.assets import assets
from server.web.backend import Viewer, WebBackend
from server.web.i18n import LANGUAGES, words_in
from server.web.pages import environment, render, render_error, texts
from server.web.routes import router

__all__ = ["Viewer", "WebBackend", "prepare", "render", "render_error", "router", "texts"]


def prepare() -> None:
    """Read the catalogues, templates and static files, so that the first visitor does not wait for it."""
    assets()
    for language in LANGUAGES:
        words_in(language)
    for name in environment().list_templates():
        environment().get_template(name)
