from pipeline_crm.accounts.models.change import Change
from pipeline_crm.accounts.models.company import Company, ExchangeRate
from pipeline_crm.accounts.models.holiday import Holiday
from pipeline_crm.accounts.models.notification import Notification
from pipeline_crm.accounts.models.saved_view import FirstView, SavedView
from pipeline_crm.accounts.models.team import Membership, Role, Team
from pipeline_crm.accounts.models.user import Theme, User
from pipeline_crm.accounts.models.visibility import SignedInVisible, TeamVisible

__all__ = [
    "Change",
    "Company",
    "ExchangeRate",
    "FirstView",
    "Holiday",
    "Membership",
    "Notification",
    "Role",
    "SavedView",
    "SignedInVisible",
    "Team",
    "TeamVisible",
    "Theme",
    "User",
]
