from pipeline_crm.accounts.models.company import Company, ExchangeRate
from pipeline_crm.accounts.models.team import Membership, Role, Team
from pipeline_crm.accounts.models.user import User
from pipeline_crm.accounts.models.visibility import TeamVisible

__all__ = ["Company", "ExchangeRate", "Membership", "Role", "Team", "TeamVisible", "User"]
