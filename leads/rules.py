import rules

from leads.models import Lead, LeadStage, MergeKind, Sign
from pipeline_crm.accounts.models import Role
from pipeline_crm.accounts.rules import changes_card, in_team, is_admin, is_signed_in, markets


@rules.predicate
def awaits_sales(user, lead) -> bool:
    """Handed over and not accepted yet: its team's sales people decide, so they may also hand it back."""
    return lead is not None and lead.stage == LeadStage.READY


@rules.predicate
def works_in_marketing(user) -> bool:
    """Writes what goes out to many: marketers, and managers of any team."""
    return user.has_role(Role.MARKETER) or user.has_role(Role.MANAGER)


@rules.predicate
def manages(user) -> bool:
    """Answers for what is kept of people: managers of any team."""
    return user.has_role(Role.MANAGER)


@rules.predicate
def changes_merged(user, merge) -> bool:
    """Whoever may merge such records may undo it; leads by those who may change the one that is kept."""
    if merge is None:
        return False
    if merge.kind != MergeKind.LEAD:
        return does_marketing.test(user)
    return user.has_perm("leads.change_lead", Lead.objects.filter(pk=merge.keep).first())


@rules.predicate
def changes_lead_of_mail(user, mail) -> bool:
    return mail is not None and user.has_perm("leads.change_lead", mail.lead)


@rules.predicate
def changes_both(user, pair) -> bool:
    return pair is not None and all(user.has_perm("leads.change_lead", lead) for lead in (pair.lead, pair.like))


@rules.predicate
def changes_a_lead_of(user, person) -> bool:
    """Whoever works with somebody may write down what they hear of them."""
    return person is not None and any(user.has_perm("leads.change_lead", lead) for lead in person.leads.unmerged())


@rules.predicate
def joins_companies(user, pair) -> bool:
    """Companies are everybody's: whoever joins two of them works in marketing, or administers."""
    return pair is not None and (not {Sign.COMPANY, Sign.NAME} & {*pair.signs} or does_marketing.test(user))


rules.add_perm("leads.change_lead", changes_card | (in_team & (markets | awaits_sales)))
does_marketing = is_signed_in & (is_admin | works_in_marketing)
rules.add_perm("leads.market", does_marketing)
rules.add_rule("does_marketing", does_marketing)  # for templates: asks no other backend, and so no database
rules.add_perm("leads.change_mail", changes_lead_of_mail)
rules.add_perm("leads.undo_merge", is_signed_in & changes_merged)
keeps_people = is_signed_in & (is_admin | manages)
rules.add_perm("leads.erase_person", keeps_people)
rules.add_perm("leads.export_person", keeps_people)
rules.add_perm("leads.change_person", is_signed_in & (does_marketing | changes_a_lead_of))
rules.add_perm("leads.part_likeness", is_signed_in & changes_both)
rules.add_perm("leads.join_likeness", is_signed_in & changes_both & joins_companies)
