"""How an act on many cards is answered, whatever the cards are."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .together import Failure, Outcome

MOST_TOLD = 10  # headers have to stay short


def happening(outcome: Outcome, *, say: str, undo: str = "") -> dict:
    """The event `bulk-done`: how many followed, the first that did not with their reasons, and the ids of all those."""
    return {
        "say": " ".join([say, *not_done(outcome)]),
        "done": len(outcome.done),
        "failed": [
            {"id": failure.id, "name": failure.name, "message": failure.message}
            for failure in outcome.failed[:MOST_TOLD]
        ],
        "left": [failure.id for failure in outcome.failed],
        "missing": outcome.missing,
        "undo": undo if outcome.done else "",
    }


def not_done(outcome: Outcome) -> list[str]:
    """Sentences about what did not follow; none when all did."""
    said = []
    if n := len(outcome.failed):
        said.append(ngettext("%(n)s was left as it was.", "%(n)s were left as they were.", n) % {"n": n})
    if n := outcome.missing:
        said.append(ngettext("%(n)s was not found.", "%(n)s were not found.", n) % {"n": n})
    return said


def tell(request: HttpRequest, outcome: Outcome, *, say: str) -> None:
    """The same as messages, for the page that a plain form goes back to."""
    if outcome.done:
        messages.success(request, say)
    for sentence in reasons(outcome.failed):
        messages.warning(request, sentence)
    if n := outcome.missing:
        messages.warning(request, ngettext("%(n)s was not found.", "%(n)s were not found.", n) % {"n": n})


def reasons(failed: Sequence[Failure]) -> list[str]:
    return [_("%(name)s: %(message)s") % {"name": failure.name, "message": failure.message} for failure in failed]
