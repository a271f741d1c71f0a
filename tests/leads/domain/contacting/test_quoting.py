"""What somebody wrote, apart from what they repeat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.contacting.quoting import parted

GERMAN = "Am 13.10.2026 um 10:00 schrieb Mina Sol:\n> Hallo"
GMAIL = "On Tue, 13 Oct 2026 at 10:00, Mina Sol <crm@lumenfield.example>\nwrote:"
OUTLOOK = (
    "________________________________\nFrom: Mina Sol <crm@x.example>\nSent: Tuesday\nTo: Kim Sato\nSubject: Prices"
)


@pytest.mark.parametrize(
    ("text", "own", "quoted"),
    [
        ("Yes.", "Yes.", ""),
        (f"Yes.\n\n{GMAIL}\n\n> Dear Kim,\n> here", "Yes.", f"{GMAIL}\n\n> Dear Kim,\n> here"),
        (f"Yes.\n\n{GMAIL}\n\nDear Kim,\nhere", "Yes.", f"{GMAIL}\n\nDear Kim,\nhere"),
        (f"Yes.\n\n{OUTLOOK}\n\nDear Kim", "Yes.", f"{OUTLOOK}\n\nDear Kim"),
        ("Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: x", "Ja.", "-----Ursprüngliche Nachricht-----\nVon: x"),
        (f"Ja.\n\n{GERMAN}", "Ja.", GERMAN),
        (f"{GMAIL}\n> Dear Kim\n\nYes, below.", "Yes, below.", f"{GMAIL}\n> Dear Kim\n"),
    ],
)  # fmt: skip
def test_an_earlier_mail_is_told_from_the_answer(text, own, quoted):
    assert parted(text) == (own, quoted.strip())


def test_answers_between_the_lines_keep_the_lines():
    text = "> When?\nOn Friday.\n> Where?\nHere."
    assert parted(text) == (text, "")


@pytest.mark.parametrize("text", [f"{GMAIL}\n> Dear Kim", "> only a quote", OUTLOOK])
def test_what_only_repeats_is_shown_whole(text):
    assert parted(text) == (text, "")


def test_everyday_words_begin_no_earlier_mail():
    text = "On Monday I wrote: nothing.\nFrom: here to there\nAm I right?"
    assert parted(text) == (text, "")


@given(st.lists(st.sampled_from(["Yes.", "", "> quoted", GMAIL, OUTLOOK, "From: x", "wrote:"]), max_size=12))
def test_no_line_is_lost(lines):
    text = "\n".join(lines)
    own, quoted = parted(text)
    kept = sorted(line for line in f"{own}\n{quoted}".splitlines() if line.strip())
    assert kept == sorted(line for line in text.strip().splitlines() if line.strip())
