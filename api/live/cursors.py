"""Where a listener is: the next offset of each partition of each topic (by the topic's id), sealed for its stream."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from api.errors import ApiError, invalid
from api.live.frames import Parcel
from api.ports.live import Place

_VERSION = 1
_MAC = 12
_LONGEST = 2048
_ID = 8


@dataclass
class Positions:
    """By topic its id (the first eight bytes of Kafka's) and the next offset of each partition; -1 lies before rows
    whose place is not known. `within` says how much of the message at one of these offsets has been told."""

    ids: dict[str, bytes]
    offsets: dict[str, list[int]]
    within: dict[Place, int] = field(default_factory=dict)
    _packed: dict[str, bytes] = field(default_factory=dict)

    def of(self, topics: Iterable[str]) -> "Positions":
        """A copy with these topics alone."""
        topics = tuple(topics)
        return Positions(
            {topic: self.ids[topic] for topic in topics}, {topic: list(self.offsets[topic]) for topic in topics},
            dict(self.within), {topic: self._packed[topic] for topic in topics if topic in self._packed},
        )  # fmt: skip

    def get(self, place: Place) -> int:
        """The next offset of a place; 0 for a partition that nobody has heard of."""
        offsets = self.offsets.get(place[0], ())
        return offsets[place[1]] if place[1] < len(offsets) else 0

    def told(self, place: Place, offset: int) -> int:
        """How many frames of the message at this offset have been told."""
        return self.within.get(place, 0) if self.get(place) == offset else 0

    def move(self, place: Place, offset: int, told: int = 0) -> None:
        """The next message of a place is at `offset`, and so many of its frames have been told."""
        offsets = self.offsets[place[0]]
        offsets.extend([0] * (place[1] + 1 - len(offsets)))
        offsets[place[1]] = offset
        self._packed.pop(place[0], None)
        if told:
            self.within[place] = told
        else:
            self.within.pop(place, None)

    def tell(self, parcel: Parcel) -> None:
        """The parcel has been told."""
        if parcel.cut:
            self.move(parcel.place, parcel.offset, parcel.told_before + len(parcel.frames))
        else:
            self.move(parcel.place, max(parcel.offset + 1, self.get(parcel.place)))

    def follow(self, other: "Positions") -> None:
        """To where another one is in the same topics."""
        self.offsets = {topic: list(offsets) for topic, offsets in other.offsets.items()}
        self.within = dict(other.within)
        self._packed.clear()

    def places(self) -> list[Place]:
        """Every place, in order."""
        return [(topic, number) for topic, offsets in self.offsets.items() for number in range(len(offsets))]

    def packed(self, topic: str) -> bytes:
        """The topic's part of a cursor."""
        if topic not in self._packed:
            self._packed[topic] = _topic(self.ids[topic], self.offsets[topic])
        return self._packed[topic]


class Cursors:
    """Makes and reads cursors. They are authenticated with a secret that all replicas share and bound to the stream
    that they came from, so that a position is never invented and never taken elsewhere.

        base64url(version, for each topic of the stream: id, count, offsets + 1; told frames; BLAKE2b MAC of 96 bits)
    """

    def __init__(self, secret: str) -> None:
        self._key = hashlib.blake2b(secret.encode(), person=b"trawl cursor").digest()

    def pack(
        self, stream: str, topics: Iterable[str], at: Positions, moved: Mapping[Place, int] | None = None,
        within: Mapping[Place, int] | None = None,
    ) -> str:  # fmt: skip
        """A cursor of a stream; `moved` stands in for some of the offsets, `within` for what is told of messages."""
        within = at.within if within is None else within
        parts, tails = [bytes((_VERSION,))], [_varint(len(within))]
        for number, topic in enumerate(topics):
            ours = {place[1]: offset for place, offset in moved.items() if place[0] == topic} if moved else None
            if ours:
                offsets = [ours.get(partition, offset) for partition, offset in enumerate(at.offsets[topic])]
                parts.append(_topic(at.ids[topic], offsets))
            else:
                parts.append(at.packed(topic))
            ours_told = [(place[1], told) for place, told in within.items() if place[0] == topic]
            tails += [_varint(number) + _varint(partition) + _varint(told) for partition, told in ours_told]
        payload = b"".join(parts + tails)
        return base64.urlsafe_b64encode(payload + self._mac(stream, payload)).rstrip(b"=").decode()

    def texts(
        self, stream: str, topics: Iterable[str], at: Positions, parcel: Parcel, held: Mapping[Place, int] | None = None
    ) -> tuple[str, ...]:
        """A parcel's frames as a listener at `at` gets them: after each its cursor goes on."""
        place, offset, frames = parcel.place, parcel.offset, parcel.frames
        here, found = {**(held or {}), place: offset}, []
        within = {other: told for other, told in at.within.items() if other != place}
        for number, frame in enumerate(frames, parcel.told_before + 1):
            if parcel.cut or number < parcel.told_before + len(frames):
                found.append(frame.text(self.pack(stream, topics, at, here, {**within, place: number})))
            else:
                here[place] = max(offset + 1, at.get(place))
                found.append(frame.text(self.pack(stream, topics, at, here, within)))
        return tuple(found)

    def unpack(self, stream: str, topics: Iterable[str], text: str) -> Positions:
        """The position. ApiError 422 for text that is not a cursor of this stream."""
        try:
            if len(text) > _LONGEST or not text.isascii():
                raise ValueError("too long")
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            payload, mac = raw[:-_MAC], raw[-_MAC:]
            if not hmac.compare_digest(mac, self._mac(stream, payload)) or payload[0] != _VERSION:
                raise ValueError("not sealed for this stream")
            return _read(payload, tuple(topics))
        except (ValueError, IndexError, binascii.Error):
            raise _foreign() from None

    def _mac(self, stream: str, payload: bytes) -> bytes:
        return hashlib.blake2b(stream.encode() + b"\0" + payload, key=self._key, digest_size=_MAC).digest()


def _foreign() -> ApiError:
    return invalid("cursor", "This is not a cursor of this stream; give back the `cursor` of one of its frames, whole.")


def _read(payload: bytes, topics: tuple[str, ...]) -> Positions:
    ids, offsets, place = {}, {}, 1
    for topic in topics:
        ids[topic], place = payload[place : place + _ID], place + _ID
        count, place = _number(payload, place)
        found = []
        for _ in range(count):
            offset, place = _number(payload, place)
            found.append(offset - 1)
        offsets[topic] = found
    within = {}
    count, place = _number(payload, place)
    for _ in range(count):
        topic_number, place = _number(payload, place)
        partition, place = _number(payload, place)
        within[topics[topic_number], partition], place = _number(payload, place)
    return Positions(ids, offsets, within)


def _topic(identity: bytes, offsets: list[int]) -> bytes:
    return identity + _varint(len(offsets)) + b"".join([_varint(offset + 1) for offset in offsets])


def _varint(number: int) -> bytes:
    """LEB128."""
    if number < 128:
        return _ONE[number]
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


_ONE = [bytes((number,)) for number in range(128)]


def _number(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[place]
        place += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, place
        if shift > 63:
            raise ValueError("a number without an end")
