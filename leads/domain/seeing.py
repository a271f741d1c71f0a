"""Nobody overwrites what they have not seen."""

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ..models import Lead


class LeadMovedMeanwhile(Refusal):
    """The lead has changed since the browser last saw it."""


def see(lead: Lead, seen_version: int | None) -> None:
    """Refuse to overwrite what has not been seen."""
    if seen_version is None or seen_version == lead.version:
        return
    last = lead.events.select_related("by").get(seq=lead.seq)
    raise LeadMovedMeanwhile(
        _("%(who)s changed %(name)s a moment ago; it is in %(stage)s. Your change was not made.")
        % {"who": last.by or _("Somebody"), "name": lead.name, "stage": lead.get_stage_display()},
        card=lead,
        stage=lead.stage,
    )
