"""What is known of an organisation: the facts that reports cut by."""

from django.db import transaction

from ..models import Organisation
from . import scoring

DESCRIBED_BY = ("domain", "sector", "employees", "country")


@transaction.atomic
def describe(organisation: Organisation, *, by, at, **facts) -> Organisation:
    """Set sector, size, country or domain; the scores of its leads follow.

    An unknown fact is a programming error (TypeError).
    """
    unknown = set(facts) - set(DESCRIBED_BY)
    if unknown:
        raise TypeError(f"An organisation is not described by {', '.join(sorted(unknown))}")
    for name, value in facts.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=list(facts))
    scoring.rescore_for(organisation=organisation, at=at)
    return organisation
