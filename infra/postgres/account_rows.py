"""Rows of the view `accounts` as the users that pass between the gateway and its store."""

from typing import Any, Literal

from schemas.accounts import User


def user_of(row: dict[str, Any]) -> User:
    """A row with the view's columns; others beside them do not matter."""
    return User(
        id=str(row["id"]),
        username=row["username"],
        email=row["email"],
        role=row["role"],
        status=row["status"],
        created_at=row["created_at"],
        last_login=row["last_login"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        permissions=tuple(row["permissions"]),
        granted=tuple(row["granted"]),
        mfa_enabled=row["mfa_enabled"],
        password_expires=row["password_expires"],
        credential_version=row["credential_version"],
    )


def new_row(user: User, password_hash: str = "", kind: Literal["person", "service"] = "person") -> dict[str, Any]:
    """What the statement `add_user` asks for. An empty hash is an account without a password."""
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "role": user.role,
        "password_hash": password_hash,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "expires": user.password_expires,
        "kind": kind,
    }
