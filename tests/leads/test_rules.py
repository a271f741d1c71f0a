import pytest

from leads.models import LeadStage
from pipeline_crm.accounts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return factories.make_team("North")


@pytest.mark.parametrize(("stage", "may"), [(LeadStage.NURTURING, False), (LeadStage.READY, True)])
def test_a_rep_changes_a_colleagues_lead_only_while_it_awaits_sales(team, stage, may):
    mina = factories.make_user(name="Mina", team=team, role=Role.MARKETER)
    ana = factories.make_user(name="Ana", team=team)
    lead = factories.make_lead(owner=mina, team=team, by=mina, stage=stage)
    assert ana.has_perm("leads.change_lead", lead) is may
    assert mina.has_perm("leads.change_lead", lead)


def test_a_stranger_changes_nothing(team):
    cleo = factories.make_user(name="Cleo", team=factories.make_team("South"))
    mina = factories.make_user(name="Mina", team=team, role=Role.MARKETER)
    lead = factories.make_lead(owner=mina, team=team, by=mina, stage=LeadStage.READY)
    assert not cleo.has_perm("leads.change_lead", lead)
