"""A person sets, changes or removes their password."""

from fastapi import APIRouter, Request, Response

from server.accounts.account_page import account_page, back_to
from server.accounts.asking import ACCOUNT, Proven
from server.accounts.passwords import PasswordRefused
from server.accounts.routes import Typed, passwords_of
from server.http import with_page

router = APIRouter(prefix=f"{ACCOUNT}/password", include_in_schema=False)


@router.post("")
async def set_password(request: Request, principal: Proven, login: Typed, password: Typed) -> Response:
    """Set or change it, or show the form again with what was wrong. All other sessions end."""
    try:
        await passwords_of(request).set(principal, login, password)
    except PasswordRefused as refused:
        told = {"password": {"refused": refused.why, "typed": login[:40]}}
        return with_page(request, refused, await account_page(request, principal, status_code=refused.status, told=told))
    return back_to("password", "password_set")


@router.post("/remove")
async def remove_password(request: Request, principal: Proven) -> Response:
    """Remove it. All other sessions end."""
    await passwords_of(request).remove(principal)
    return back_to("password", "password_removed")
