import rules

from pipeline_crm.accounts.rules import changes_card, in_team, is_admin, leads_team

rules.add_perm("deals.change_deal", changes_card)
rules.add_perm("deals.accept_lead", is_admin | in_team)
rules.add_perm("deals.try_anyway", is_admin | leads_team)
