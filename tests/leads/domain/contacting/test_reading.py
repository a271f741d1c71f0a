"""Mails as they arrive, well-formed or not."""

import random
from datetime import UTC, datetime

import pytest

from leads.domain.contacting import reading
from tests.leads.letters import letter, report

AT = datetime(2026, 10, 14, 9, 30, tzinfo=UTC)


def test_a_mail_is_read_with_its_thread_files_and_date():
    arrived = reading.of_bytes(
        letter(
            "Yes.\n\nOn Tue, 13 Oct 2026, Mina wrote:\n> Hello\n",
            answers="<one@x> <two@x>",
            at=AT,
            files={"a.pdf": b"%"},
        ).as_bytes()
    )
    assert (arrived.message_id, arrived.sender, arrived.sender_name, arrived.subject) == (
        "answer-1@juniper.example", "kim@juniper.example", "Kim Sato", "Re: Prices for Juniper",
    )  # fmt: skip
    assert (arrived.text, arrived.quoted) == ("Yes.", "On Tue, 13 Oct 2026, Mina wrote:\n> Hello")
    assert (arrived.answers, arrived.written_at) == (("one@x", "two@x"), AT)
    assert [(file.name, file.content) for file in arrived.files] == [("a.pdf", b"%")]
    assert not arrived.is_automatic and arrived.returned is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (holiday)"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example>"},
        {"Return_Path": "<>"},
        {"subject": "Automatic reply: Prices"},
        {"subject": "Abwesenheitsnotiz: Prices"},
    ],
)
def test_a_program_is_told_from_a_person(headers):
    assert reading.of_bytes(letter(**headers).as_bytes()).is_automatic
    assert not reading.of_bytes(letter(Auto_Submitted="no").as_bytes()).is_automatic


def test_html_becomes_the_words_a_reader_sees():
    html = (
        "<html><head><style>p{}</style></head><body><p>Yes&nbsp;please,<br>all of <b>it</b>.</p><script>x()</script>"
        "<blockquote><p>Dear Kim</p></blockquote></body></html>"
    )
    arrived = reading.of_bytes(letter("", html=html).as_bytes())
    assert (arrived.text, arrived.quoted) == ("Yes\xa0please,\nall of it.".replace("\xa0", " "), "> Dear Kim")


def test_a_report_of_a_mail_server_names_the_mail_that_came_back():
    returned = reading.of_bytes(report("<mail-7.abc@crm.example>", to="Kim@Juniper.example")).returned
    assert returned == reading.Return("kim@juniper.example", True, "550 5.1.1 no such user", "mail-7.abc@crm.example")
    assert not reading.of_bytes(report("<x@y>", to="k@x.example", status="4.4.1")).returned.is_for_good


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\windows\\a.exe", "a\r\nBcc: x", "", "…/.."])
def test_a_files_name_is_a_name_and_no_way(name):
    message = letter(files={"placeholder": b"x"}).as_bytes().replace(b'"placeholder"', f'"{name}"'.encode())
    for file in reading.of_bytes(message).files:
        assert file.name and not {"/", "\\", "\r", "\n"} & {*file.name} and file.name.strip(". ") == file.name


def test_without_a_message_id_the_same_mail_is_the_same():
    one, again, another = (reading.of_bytes(letter(text, message_id="").as_bytes()) for text in ("a\n", "a\n", "b\n"))
    assert one.message_id == again.message_id != another.message_id


def test_hostile_mails_are_read_or_refused_and_bring_no_control_characters():
    rng = random.Random(4)
    sound = letter("Grüße 🙂", html="<p>x</p>", answers="<a@b>", at=AT, files={"x.txt": b"y"}).as_bytes()
    for _round in range(400):
        raw = bytearray(sound)
        for _damage in range(rng.randrange(1, 12)):
            place = rng.randrange(len(raw))
            raw[place : place + rng.randrange(0, 6)] = rng.choice(
                [b"\x00", b"\xff\xfe", b"\r\n", b"=?utf-8?q?=00?=", b'"', b"<", b";", bytes([rng.randrange(256)])]
            )
        try:
            arrived = reading.of_bytes(bytes(raw))
        except reading.Unreadable:
            continue
        words = [arrived.text, arrived.quoted, arrived.subject, arrived.sender, arrived.sender_name, arrived.message_id]
        assert "\x00" not in "".join(words)
        "".join([*words, *(file.name for file in arrived.files)]).encode()  # no halves of signs


def test_a_mail_nested_without_end_is_refused():
    nested = b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"
    raw = b"From: a@b.example\r\n" + b"".join(nested % (depth, depth) for depth in range(3000))
    with pytest.raises(reading.Unreadable):
        reading.of_bytes(raw)
