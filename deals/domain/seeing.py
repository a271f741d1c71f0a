"""Nobody overwrites what they have not seen."""

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.last_hand import last_hand

from ..models import Deal


class DealMovedMeanwhile(Refusal):
    """The deal has changed since the browser last saw it."""


def see(deal: Deal, seen_version: int | None) -> None:
    """Refuse to overwrite what has not been seen."""
    if seen_version is None or seen_version == deal.version:
        return
    who = last_hand(deal)
    raise DealMovedMeanwhile(
        _("%(who)s changed %(name)s a moment ago; it is in %(stage)s. Your change was not made.")
        % {"who": who or _("Somebody"), "name": deal.name, "stage": deal.stage.name},
        card=deal,
        meanwhile=True,
        stage=deal.stage_id,
    )
