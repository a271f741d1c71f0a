"""Live updates: a nudge says that a card changed, and whoever may see it asks for it."""


def nudge(kind: str, pk: int, version: int, team_id: int | None, src: str = "") -> None:
    """Tell open boards that a card has a new version."""
