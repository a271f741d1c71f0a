from pipeline_crm.accounts.models.change import Change
from pipeline_crm.accounts.models.company import Company, ExchangeRate
from pipeline_crm.accounts.models.holiday import Holiday
from pipeline_crm.accounts.models.team import Membership, Role, Team
from pipeline_crm.accounts.models.user import Theme, User
from pipeline_crm.accounts.models.visibility import SignedInVisible, TeamVisible

__all__ = [
    "Change",
    "Company",
    "ExchangeRate",
    "Holiday",
    "Membership",
    "Role",
    "SignedInVisible",
    "Team",
    "TeamVisible",
    "Theme",
    "User",
]
