"""Nobody overwrites what they have not seen."""

from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import Card
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.last_hand import last_hand

from ..models import Lead


class LeadMovedMeanwhile(Refusal):
    """The lead has changed since the browser last saw it."""


class MergedIntoAnother(Refusal):
    """A lead that was merged takes no steps and no notes: the one it was merged into does."""


def refuse_merged(card: Card) -> None:
    """Refuse to go on with a card that stands for itself no longer."""
    if isinstance(card, Lead) and card.merged_into:
        raise MergedIntoAnother(
            _("This lead was merged into %(name)s. Open that one instead.") % {"name": card.standing.name}, card=card
        )


def see(lead: Lead, seen_version: int | None) -> None:
    """Refuse to overwrite what has not been seen."""
    if seen_version is None or seen_version == lead.version:
        return
    who = last_hand(lead)
    raise LeadMovedMeanwhile(
        _("%(who)s changed %(name)s a moment ago; it is in %(stage)s. Your change was not made.")
        % {"who": who or _("Somebody"), "name": lead.name, "stage": lead.get_stage_display()},
        card=lead,
        meanwhile=True,
        stage=lead.stage,
    )
