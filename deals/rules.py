import rules

from pipeline_crm.accounts.rules import changes_card

rules.add_perm("deals.change_deal", changes_card)
