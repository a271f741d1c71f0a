"""The checklist of qualification: what sales must know of a lead before it is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pipeline_crm.accounts.domain import settings
from pipeline_crm.foundation.errors import Refusal

from ..models import Answer, Asks, Criterion, Lead, Said
from . import _log

USUAL = (
    (gettext_noop("Need"), gettext_noop("Is there a problem that we solve?"), Asks.MET),
    (gettext_noop("Budget"), gettext_noop("Is there money for it, and how much?"), Asks.KNOWN),
    (gettext_noop("Authority"), gettext_noop("Who decides, and do we talk to them?"), Asks.KNOWN),
    (gettext_noop("Timing"), gettext_noop("When do they want to begin?"), Asks.KNOWN),
)
FACTS = frozenset({"name", "question", "asks", "position"})


class AnswersMissing(Refusal):
    """The checklist is not ready for sales; `criteria` are those that are not, `fields` name them for a form."""

    status = 422


class CriterionExists(Refusal):
    """Two questions of one name could not be told apart."""

    status = 422


@dataclass(frozen=True)
class Told:
    """What somebody says about a criterion."""

    said: str
    note: str = ""


@dataclass(frozen=True)
class Item:
    """A line of the checklist: the question, and what is known."""

    criterion: Criterion
    answer: Answer | None

    @property
    def said(self) -> str:
        return self.answer.said if self.answer else Said.UNKNOWN

    @property
    def is_missing(self) -> bool:
        """Whether sales does not take the lead as long as no more is known of this."""
        if self.criterion.asks == Asks.MET:
            return self.said != Said.YES
        return self.criterion.asks == Asks.KNOWN and self.said == Said.UNKNOWN


def checklist(lead: Lead) -> list[Item]:
    """Every criterion in use, with the newest answer."""
    newest = {answer.criterion_id: answer for answer in lead.answers.select_related("by")}
    return [Item(criterion, newest.get(criterion.pk)) for criterion in Criterion.objects.in_use()]


def ask(lead: Lead) -> None:
    """Refuse a lead to sales as long as the checklist is not answered as it has to be (AnswersMissing)."""
    missing = [item.criterion for item in checklist(lead) if item.is_missing]
    if not missing:
        return
    unmet = [one.name for one in missing if one.asks == Asks.MET]
    unknown = [one.name for one in missing if one.asks == Asks.KNOWN]
    said = []
    if unknown:
        said.append(_("not known yet: %(names)s") % {"names": ", ".join(unknown)})
    if unmet:
        said.append(_("must be a yes: %(names)s") % {"names": ", ".join(unmet)})
    raise AnswersMissing(
        _("Before %(name)s goes to sales: %(what)s.") % {"name": lead.name, "what": "; ".join(said)},
        card=lead,
        stage=lead.stage,
        criteria=missing,
        fields=[field_of(criterion) for criterion in missing],
    )


@transaction.atomic
def tell(lead: Lead, answers: Mapping[int, Told], *, by, at: datetime) -> list[Answer]:
    """Write down what was found out, by criterion; what stands already is not said twice. Answers what is new."""
    _log.lock(lead)
    standing = {item.criterion.pk: item for item in checklist(lead)}
    new = []
    for pk, told in answers.items():
        item = standing.get(pk)
        note = " ".join(told.note.split())[:300]
        if item is None or (item.said, item.answer.note if item.answer else "") == (told.said, note):
            continue
        new.append(Answer(lead=lead, criterion_id=pk, said=Said(told.said), note=note, by=by, at=at))
    if new:
        Answer.objects.bulk_create(new)
        _log.touch(lead)
    return new


def field_of(criterion: Criterion) -> str:
    """How a form calls the criterion."""
    return f"criterion_{criterion.pk}"


@transaction.atomic
def usual(*, by, at: datetime) -> list[Criterion]:
    """The four questions that most companies ask: need, budget, authority, timing; those there already stay."""
    known = {one.name.casefold() for one in Criterion.objects.all()}
    wanted = [(_(name), _(question), asks) for name, question, asks in USUAL if _(name).casefold() not in known]
    return [create(name, question=question, asks=asks, by=by, at=at) for name, question, asks in wanted]


@transaction.atomic
def create(name: str, *, question: str = "", asks: str = Asks.KNOWN, by, at: datetime) -> Criterion:
    """Ask one thing more, last of all; a name that was archived is asked again. Refused with CriterionExists."""
    name = name.strip()
    known = Criterion.objects.select_for_update().filter(name__iexact=name).first()
    if known and known.archived_at is None:
        raise CriterionExists(_("“%(name)s” is on the checklist already.") % {"name": known.name}, fields=["name"])
    last = Criterion.objects.order_by("-position").values_list("position", flat=True).first()
    facts = {"question": question.strip(), "asks": Asks(asks), "position": 0 if last is None else last + 1}
    if known:
        settings.revise(known, by=by, at=at, archived_at=None, **facts)
        return known
    criterion = Criterion(name=name)
    settings.revise(criterion, by=by, at=at, **facts)
    return criterion


@transaction.atomic
def revise(criterion: Criterion, *, by, at: datetime, **facts) -> list[str]:
    """Change how a criterion is called, what it asks and how strictly. Answers stay."""
    if unknown := facts.keys() - FACTS:
        raise TypeError(f"not of a criterion: {', '.join(sorted(unknown))}")
    name = facts.get("name", criterion.name)
    if Criterion.objects.filter(name__iexact=name).exclude(pk=criterion.pk).exists():
        raise CriterionExists(_("“%(name)s” is on the checklist already.") % {"name": name}, fields=["name"])
    return settings.revise(criterion, by=by, at=at, **facts)


@transaction.atomic
def archive(criterion: Criterion, *, by, at: datetime) -> None:
    """Ask it no more; what was answered stays in the history."""
    settings.revise(criterion, by=by, at=at, archived_at=at)
