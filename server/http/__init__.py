"""What surrounds every request: headers, limits, cross-site protection, the log, and how errors are told."""

from server.http.around import surround
from server.http.problems import PROBLEMS, install_problems, with_page
from server.http.rendering import Pages, own_path, pages_of, wants_page

__all__ = ["PROBLEMS", "Pages", "install_problems", "own_path", "pages_of", "surround", "wants_page", "with_page"]
