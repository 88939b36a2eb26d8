"""Carrying out what is commanded over a socket: once, and as the same operation over REST would."""

import hashlib
from dataclasses import replace
from typing import Any, cast

import orjson
import structlog
from fastapi import Response
from pydantic import BaseModel
from starlette.websockets import WebSocket

from api import problems
from api.auth.callers import Caller
from api.auth.deeds import Deed
from api.auth.permissions import Permission
from api.auth.visits import Visit
from api.edge.idempotency import refused
from api.edge.rated import too_many
from api.errors import ApiError, forbidden, unauthenticated
from api.gateway import Gateway, visit_of
from api.limits.categories import Category
from api.live.commands import Command, read, shown
from api.live.frames import Frame, frame
from api.services.idempotency import AnsweredBefore, Attempt, done_but_lost
from api.shapes.jobs import accepted, ended
from api.shapes.run_control import controlled
from schemas.errors import DeedDone
from schemas.idempotency import KeptAnswer

log = structlog.get_logger()

_KEYS = "COMMAND /ws"
"""Where ids of commands count, beside the method and path of a request: for an account, whichever socket they come
by."""


class Obeying:
    """The commands of one socket. Each is answered by one frame, `command_result`; whatever goes wrong with it is told
    there, and the socket goes on."""

    def __init__(self, gateway: Gateway, websocket: WebSocket, caller: Caller) -> None:
        self._gateway = gateway
        self._websocket = websocket
        self._caller = caller

    async def answer(self, said: Any) -> Frame:
        """What became of the command that stands in a frame's `data`."""
        told: dict[str, Any] = dict(shown(said))
        try:
            job = await self._once(read(said))
            told |= {"status": "accepted", "job": job}
        except Exception as problem:
            told |= {"status": "refused", **await self._refusal(problem)}
        return frame("command_result", told)

    async def _once(self, command: Command) -> dict[str, Any]:
        """The job as REST would tell it. What was carried out before is answered as it was then."""
        await self._admit()
        deed = Deed()
        try:
            attempt = await self._begin(command, deed)
        except AnsweredBefore as before:
            return cast(dict[str, Any], orjson.loads(before.answer.body))
        try:
            job = await self._do(command, replace(visit_of(self._websocket), deed=deed))
        except DeedDone:
            await attempt.failed(undone=False)
            raise _of_id(done_but_lost()) from None
        except BaseException as problem:
            await attempt.failed(undone=refused(problem))
            raise
        body = job.model_dump_json().encode()
        await attempt.answered(KeptAnswer(200, {}, body))
        return cast(dict[str, Any], orjson.loads(body))

    async def _admit(self) -> None:
        """Asked of the stores at every command: a socket may have been open for long, and waits for its turn."""
        if not await self._gateway.sockets.holds(self._caller):
            raise unauthenticated("Your sign-in has ended or changed; sign in again.")
        standing = await self._gateway.limiter.take(f"u:{self._caller.user_id}", Category.JOBS)
        if standing.refused:
            raise too_many(standing)
        if Permission.WRITE not in self._caller.permissions:
            raise forbidden(Permission.WRITE, self._caller.permissions)

    async def _begin(self, command: Command, deed: Deed) -> Attempt:
        key = hashlib.sha256(command.id.encode()).hexdigest()  # an id may be any text, a key may not
        content = command.model_dump_json().encode()
        try:
            return await self._gateway.idempotency.begin(self._caller.user_id, _KEYS, key, content, deed)
        except ApiError as refusal:
            raise _of_id(refusal) from None

    async def _do(self, command: Command, visit: Visit) -> BaseModel:
        control, caller, job_id = self._gateway.control, self._caller, command.job_id
        match command.action:
            case "start" | "retry":
                return await self._again(command, visit)
            case "pause":
                return controlled(await control.pause(caller, job_id, visit))
            case "resume":
                return controlled(await control.resume(caller, job_id, visit))
            case "stop":
                return controlled(await control.stop(caller, job_id, visit))
            case "cancel":
                return ended(job_id, await self._gateway.jobs.cancel(caller, job_id, visit))

    async def _again(self, command: Command, visit: Visit) -> BaseModel:
        jobs, job_id, force = self._gateway.jobs, command.job_id, command.force
        action = "job_started" if command.action == "start" else "job_retried"
        run = await jobs.again(self._caller, job_id, visit, action=action, force=force, priority=command.priority)
        return accepted((await jobs.job(self._caller, job_id)).name, run)

    async def _refusal(self, problem: Exception) -> dict[str, Any]:
        """The error that REST would answer with, by the application's own handlers, so that the two cannot differ."""
        handlers = self._websocket.app.exception_handlers
        handle = next((handlers[kind] for kind in type(problem).__mro__ if kind in handlers), None)
        if handle is None:
            answer = self._failed(problem)
        else:
            answer = await handle(self._websocket, problem)
        told = {"error": orjson.loads(answer.body)["error"]}
        again = answer.headers.get("retry-after")
        return told | ({"retry_after": int(again)} if again else {})

    def _failed(self, problem: Exception) -> Response:
        request_id = self._websocket.scope["state"].get("request_id", "")
        log.error("command_failed", request_id=request_id, exc_info=problem)
        sentence = f"Something failed here; it is in the log under {request_id}."
        return problems.answer(ApiError(500, "SERVER_ERROR", sentence), self._websocket)


def _of_id(refusal: ApiError) -> ApiError:
    """What is said of an Idempotency-Key, said of a command's id."""
    faults = [replace(fault, field="id") for fault in refusal.faults]
    return ApiError(refusal.status_code, refusal.code, refusal.message, faults, refusal.headers, refusal.details)
