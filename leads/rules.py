import rules

from leads.models import LeadStage
from pipeline_crm.accounts.rules import changes_card, in_team, markets


@rules.predicate
def awaits_sales(user, lead) -> bool:
    """Handed over and not accepted yet: its team's sales people decide, so they may also hand it back."""
    return lead is not None and lead.stage == LeadStage.READY


rules.add_perm("leads.change_lead", changes_card | (in_team & (markets | awaits_sales)))
