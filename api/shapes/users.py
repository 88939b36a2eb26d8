"""Accounts as administrators see and change them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.auth.permissions import ROLES, Permission, known
from api.auth.users import Wanted
from api.shapes.accounts import Enveloped
from api.shapes.identity import NewPassword
from api.shapes.pages import PAGE, PaginationBody
from schemas.accounts import Activity, User, UserChange
from schemas.mail import check_address

_USER: dict[str, Any] = {
    "id": "c9f1e6d2-3333-4b4c-9d5e-7f8a9b0c1d2e",
    "username": "analyst1",
    "email": "analyst1@company.com",
    "first_name": "John",
    "last_name": "Doe",
    "role": "analyst",
    "status": "active",
    "mfa_enabled": True,
    "created_at": "2026-01-05T10:00:00Z",
    "last_login": "2026-01-05T10:30:00Z",
    "permissions": ["read_data", "create_reports", "manage_jobs"],
}
_ASKED: dict[str, Any] = {
    "username": "newanalyst",
    "email": "newanalyst@company.com",
    "password": "plum-orbit-canvas-42",
    "first_name": "Jane",
    "last_name": "Smith",
    "role": "analyst",
}


def _address(value: str) -> str:
    try:
        return check_address(value.lower())
    except ValueError as problem:
        raise PydanticCustomError("invalid_format", "{reason}", {"reason": str(problem)}) from None


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable characters on one line")
    return value.strip()


Email = Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_address)]
Name = Annotated[str, Field(max_length=100), AfterValidator(_one_line)]
Username = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]
Secret = Annotated[str, Field(min_length=1, max_length=2000)]
Role = Literal["viewer", "analyst", "senior_analyst", "operator", "admin"]
Status = Literal["active", "disabled", "locked"]
assert set(ROLES) == set(Role.__args__)  # type: ignore[attr-defined]  # what typing keeps of a Literal


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Named(_Asked):
    username: Username
    email: Email | None = None
    password: NewPassword = Field(description="Not one of those that are tried first.")
    first_name: Name = ""
    last_name: Name = ""

    @model_validator(mode="after")
    def _own_address(self) -> Self:
        # Else a name could be somebody else's address, and whoever signs in by it would be someone else.
        if "@" in self.username and self.username.lower() != self.email:
            raise ValueError("a username with an @ must be the account's own e-mail address")
        return self


class RegisterBody(_Named):
    """An account of one's own, where that is allowed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{**_ASKED, "role": "viewer"}]})

    email: Email
    role: str | None = Field(None, max_length=50, description="One that may be chosen here; else the usual one.")


class UserAsked(_Named):
    """A new account. `permissions` are granted besides those of the role."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{**_ASKED, "permissions": ["read_data", "export_data"], "send_welcome_email": True}]
        },
    )

    role: Role = "viewer"
    permissions: list[Permission] = Field(default_factory=list, max_length=20)
    send_welcome_email: bool = False

    def wanted(self) -> Wanted:
        """For the service."""
        return Wanted(
            username=self.username,
            email=self.email,
            password=self.password,
            first_name=self.first_name,
            last_name=self.last_name,
            role=self.role,
            permissions=tuple(permission.value for permission in self.permissions),
        )


class UserChanges(_Asked):
    """What is given is changed; what is absent stays. `permissions` replace what was granted besides the role."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "first_name": "John",
                    "last_name": "Doe",
                    "email": "john.doe@company.com",
                    "role": "senior_analyst",
                    "permissions": ["read_data", "create_reports", "manage_jobs", "export_data"],
                }
            ]
        },
    )

    first_name: Name | None = None
    last_name: Name | None = None
    email: Email | None = None
    role: Role | None = None
    status: Status | None = None
    permissions: list[Permission] | None = Field(None, max_length=20)
    current_password: Secret | None = Field(None, description="For another e-mail address of your own account.")

    def change(self) -> UserChange:
        """For the service."""
        return UserChange(
            first_name=self.first_name,
            last_name=self.last_name,
            email=self.email,
            role=self.role,
            status=self.status,
            granted=None if self.permissions is None else tuple(each.value for each in self.permissions),
        )


class PasswordChange(_Asked):
    """One's own new password."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "current_password": "plum-orbit-canvas-42",
                    "new_password": "tall-river-quiet-77",
                    "confirm_password": "tall-river-quiet-77",
                }
            ]
        },
    )

    current_password: Secret
    new_password: NewPassword
    confirm_password: Secret


class PasswordReset(_Asked):
    """A temporary password for somebody who has lost theirs; without one it is made here."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"send_email": False, "temporary_password": "plum-orbit-canvas-42"}]},
    )

    send_email: bool = False
    temporary_password: NewPassword | None = None


class PasswordResetAnswer(BaseModel):
    """The temporary password, this once, unless it went by mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "The password is reset",
                    "temporary_password": "t6LZ…",
                    "expires_at": "2026-01-08T10:30:00Z",
                    "email_sent": False,
                }
            ]
        }
    )

    message: str
    temporary_password: str | None
    expires_at: datetime
    email_sent: bool


class UserBody(BaseModel):
    """An account as administrators see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_USER]})

    id: str
    username: str
    email: str | None
    first_name: str
    last_name: str
    role: str
    status: str
    mfa_enabled: bool
    created_at: datetime
    last_login: datetime | None
    permissions: list[str]


class ActivityBody(BaseModel):
    """What an account has done so far."""

    total_logins: int
    reports_created: int
    jobs_managed: int
    last_active: datetime | None


class UserDetails(UserBody):
    """An account with what it has done."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_USER,
                    "activity_summary": {
                        "total_logins": 156,
                        "reports_created": 23,
                        "jobs_managed": 8,
                        "last_active": "2026-01-05T10:30:00Z",
                    },
                }
            ]
        }
    )

    activity_summary: ActivityBody


class UserPage(Enveloped[list[UserBody]]):
    """Some accounts, in the v2 frame."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "success": True,
                    "data": [_USER],
                    "metadata": {
                        "request_id": "req_5f0c",
                        "timestamp": "2026-01-05T10:30:00.000Z",
                        "version": "v2",
                        "execution_time_ms": 14,
                    },
                    "pagination": PAGE,
                }
            ]
        }
    )

    pagination: PaginationBody


def user_body(user: User) -> UserBody:
    """An account without what it has done."""
    return UserBody(**_shown(user))


def user_details(user: User, activity: Activity) -> UserDetails:
    """An account with what it has done."""
    summary = ActivityBody(**{name: getattr(activity, name) for name in ActivityBody.model_fields})
    return UserDetails(**_shown(user), activity_summary=summary)


def _shown(user: User) -> dict[str, Any]:
    values = {name: getattr(user, name) for name in UserBody.model_fields if name != "permissions"}
    return values | {"permissions": [permission.value for permission in known(user.permissions)]}
