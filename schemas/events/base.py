"""The shape that every event shares."""

from typing import Literal

import msgspec


class Event(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=False, omit_defaults=False):
    """A message of one topic.

    `version` is part of the body, so that a client without CloudEvents headers is versioned too; a version this
    program does not know is refused by the codec and becomes a dead letter. Unknown fields are ignored, so that a
    newer writer of the same version does not stop an older reader.
    """

    version: Literal[1] = 1

    def event_id(self) -> str:
        """The id under which a repeat of this event is recognised (CloudEvents `id`)."""
        raise NotImplementedError

    def partition_key(self) -> str:
        """What keeps related events in one partition, in order."""
        raise NotImplementedError

    def trace_of(self) -> tuple[str, str]:
        """(run id, url fingerprint): what the W3C trace id is derived from; either may be empty."""
        return "", ""
