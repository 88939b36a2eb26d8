"""The gateway for tests that ask very often: it hashes passwords at next to no cost, and does not wait for processes
that do not run beside it. All else is as it is: `-m tests.integration.api.hasty` instead of `-m cli gateway`."""

import sys
from dataclasses import replace
from functools import partial

from argon2 import PasswordHasher

import api.app
import api.main
from api.auth.passwords import Passwords
from api.config import GatewayConfig
from cli.main import main
from infra.settings import Settings

WAIT_S = 0.05


def _hasty(settings: Settings) -> GatewayConfig:
    return replace(_config_of(settings), sync_wait=WAIT_S, estimate_wait=WAIT_S, preview_wait=WAIT_S,
                   export_wait=WAIT_S)  # fmt: skip


if __name__ == "__main__":
    _config_of = api.main.config_of
    api.main.config_of = _hasty
    setattr(api.app, "Passwords", partial(Passwords, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))  # noqa: B010  # a type cannot be assigned to
    sys.argv = ["trawl", "gateway"]
    main()
