"""Mail: what may stand in a header, when another try is made, and what is told where no server is configured."""

from dataclasses import dataclass, field

import pytest

from schemas.mail import Mail, MailRefused, MailState, NotSent, WaitingMail, one_line
from streams.notifications.mails import WITHOUT_SERVER, MailSender
from streams.notifications.pauses import MAIL_GIVEN_UP_S, WEBHOOK_PAUSES_S, mail_pause, webhook_pause


def a_mail(**change: str) -> Mail:
    return Mail(
        **{"kind": "test", "recipient": "ops@example.com", "subject": "Done", "text": "It is done.\n", **change}
    )


@pytest.mark.parametrize(
    "recipient",
    ["ops@example.com\r\nBcc: all@example.com", "ops@example.com\n", "a@b.c, d@e.f", "<ops@example.com>", "ops", "@b.c",
     "ops@", "o ps@example.com", "ops@exa mple.com", "-oQ@example.com", "ops@-x.com", "ops@example..com",
     "x" * 65 + "@example.com", "ops@example.com\x00", "öps@example.com", "ops@example.com\u2028"],
)  # fmt: skip
def test_what_is_no_single_address_is_refused(recipient: str) -> None:
    with pytest.raises(MailRefused):
        a_mail(recipient=recipient)


@pytest.mark.parametrize(
    "subject", ["Done\r\nBcc: all@example.com", "a\nb", "a\rb", "a\x0bb", "a\u2028b", "", "x" * 201]
)
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(MailRefused):
        a_mail(subject=subject)


def test_somebodys_words_become_one_line() -> None:
    assert one_line("a\r\nBcc: x@y.z\u2028b" + "c" * 100) == ("a Bcc: x@y.z b" + "c" * 100)[:79] + "…"
    assert a_mail(subject=one_line("a\nb")).subject == "a b"


def test_pauses_grow_and_end() -> None:
    assert [mail_pause(tries, 0.5) for tries in (1, 2, 3, 50)] == [10, 20, 40, 3600]
    assert mail_pause(1, 0.0) == 5 and mail_pause(1, 1.0) == 15
    pauses = [webhook_pause(tries, 0.5) for tries in range(1, 9)]
    assert pauses == [pytest.approx(pause) for pause in WEBHOOK_PAUSES_S] + [None]
    assert WEBHOOK_PAUSES_S[0] == 5 and WEBHOOK_PAUSES_S[-1] == 86_400


@dataclass
class Box:
    """Mails that wait, and what was said of them."""

    waiting: list[WaitingMail] = field(default_factory=list)
    said: list[tuple[object, ...]] = field(default_factory=list)
    expired: int = 0

    async def take(self, most: int, lease: float) -> list[WaitingMail]:
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken

    async def sent(self, mail_id: str) -> None:
        self.said.append(("sent", mail_id))

    async def later(self, mail_id: str, wait: float, why: str) -> None:
        self.said.append(("later", mail_id, wait, why))

    async def give_up(self, mail_id: str, why: str) -> None:
        self.said.append(("given up", mail_id, why))

    async def state(self) -> MailState:
        return MailState(waiting=len(self.waiting), oldest_s=max((one.age_s for one in self.waiting), default=0.0))

    async def expire(self, older: float, why: str) -> int:
        return self.expired


@dataclass
class Server:
    """Answers as it is told."""

    problem: NotSent | None = None

    async def send(self, waiting: WaitingMail) -> None:
        if self.problem:
            raise self.problem


def waiting(tries: int = 1, age: float = 0.0) -> WaitingMail:
    return WaitingMail(id="m1", mail=a_mail(), tries=tries, age_s=age)


async def test_what_passes_is_tried_again_and_what_does_not_is_given_up() -> None:
    passing, final = NotSent("421 later"), NotSent("550 nobody", final=True)
    for problem, age, said in (
        (None, 0.0, ("sent", "m1")),
        (passing, 0.0, ("later", "m1", 40.0, "421 later")),
        (passing, MAIL_GIVEN_UP_S + 1, ("given up", "m1", "421 later")),
        (final, 0.0, ("given up", "m1", "550 nobody")),
    ):
        box = Box([waiting(tries=3, age=age)])
        assert await MailSender(box, Server(problem), lambda: 0.5).turn()
        assert box.said == [said]


async def test_without_a_server_mail_is_kept_and_somebody_is_told() -> None:
    box = Box([waiting()])
    sender = MailSender(box, None)
    assert not await sender.turn() and box.waiting and not box.said
    assert await sender.words() == f"1 mails wait. {WITHOUT_SERVER}"
    assert await MailSender(Box(), None).words() == ""
    assert "10 min" in await MailSender(Box([waiting(age=601.0)]), Server()).words()
