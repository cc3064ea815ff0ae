"""The API's page: every route, from the OpenAPI description, with no script and nothing from elsewhere."""

from html import escape
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """A table for people; `/openapi.json` is the same for programs."""
    schema = cast("dict[str, Any]", request.app.openapi())
    rows = [
        f"<tr><td>{escape(method.upper())}</td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('summary', ''))}</td><td>{_paragraphs(operation.get('description', ''))}</td></tr>"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    title = escape(f"{schema['info']['title']} API {schema['info']['version']}")
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head><body><h1>{title}</h1>"
        f'<p>{escape(schema["info"].get("description", ""))} For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"<table><thead><tr><th>Method</th><th>Path</th><th>What</th><th>More</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"</body></html>"
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part.strip())
