"""Templates and style, read once when the gateway is built."""

from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment
from starlette.responses import HTMLResponse, Response

_TYPES = {"style.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml", "sea.svg": "image/svg+xml"}


class Pages:
    """Renders the gateway's few pages. No script runs on them, so none is allowed."""

    def __init__(self) -> None:
        folder = files("api.pages")
        templates = {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".jinja")}
        self._templates = Environment(loader=DictLoader(templates), autoescape=True, trim_blocks=True)
        self._looks = {name: folder.joinpath(name).read_bytes() for name in _TYPES}

    def page(self, name: str, form_target: str = "", status: int = 200, **values: Any) -> HTMLResponse:
        """A page; `form_target` is where a form's answer may lead besides here (browsers hold redirects to it too)."""
        policy = (
            f"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {form_target}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        # Without `same-origin` browsers send `Origin: null` with our own forms.
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        return HTMLResponse(self._templates.get_template(f"{name}.html.jinja").render(values), status, headers)

    def look(self, name: str) -> Response | None:
        """A style sheet or picture; None for another name."""
        content = self._looks.get(name)
        if content is None:
            return None
        return Response(content, media_type=_TYPES[name], headers={"Cache-Control": "max-age=3600"})
