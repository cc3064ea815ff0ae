"""`congtac server` as it is, which notes besides each template that it renders, those that are parts of others included.

python -m tests.end_to_end.screens.noting FILE
"""

import sys
from pathlib import Path
from typing import Any

from jinja2 import Template

from server.cli import server_main
from server.web.pages import environment


def note(path: Path) -> None:
    """From now on every template that is asked for is noted there."""
    templates = environment()
    get = templates.get_template

    def noted(name: Any, *around: Any, **more: Any) -> Template:
        with path.open("a", encoding="utf-8") as notes:
            notes.write(f"{name}\n")
        return get(name, *around, **more)

    templates.get_template = noted  # type: ignore[method-assign]


if __name__ == "__main__":
    note(Path(sys.argv[1]))
    sys.exit(server_main([]))
