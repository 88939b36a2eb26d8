"""The page behind a mailed link to a new password."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.edge.bodies import StrictRoute
from api.edge.forms import read
from api.errors import ApiError
from api.gateway import From, Wired
from api.routes.pages import ours
from api.shapes.identity import NewPasswordForm

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

Token = Annotated[str, Path(max_length=200)]


def _page(request: Request, token: str, status: int = 200, problem: str = "", done: bool = False) -> Response:
    page: Response = request.app.state.pages.page(
        "new_password", status=status, title="A new password", token=token, problem=problem, done=done
    )
    # The address holds the link: it is told to nobody and kept nowhere.
    page.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "same-origin"})
    return page


@router.get("/reset-password/{token}")
async def ask(token: Token, request: Request) -> Response:
    """Looking at the page spends nothing: mail programs look at links before people do."""
    return _page(request, token)


@router.post("/reset-password/{token}")
async def choose(token: Token, request: Request, gateway: Wired, visit: From) -> Response:
    """Spends the link, if the password is taken."""
    ours(request, gateway)
    form = await read(request, NewPasswordForm)
    try:
        await gateway.identity.recovery.reset(token, form.new_password, form.confirm_password, visit)
    except ApiError as refusal:
        if refusal.status_code not in (401, 422, 429, 503):
            raise
        return _page(request, token, refusal.status_code, refusal.faults[0].message)
    gateway.callers.forget()
    return _page(request, "", done=True)
