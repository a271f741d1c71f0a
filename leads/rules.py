import rules

from pipeline_crm.accounts.rules import changes_card, in_team, markets

rules.add_perm("leads.change_lead", changes_card | (in_team & markets))
