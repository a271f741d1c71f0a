"""What is known of an organisation: the facts that reports cut by."""

from django.db import transaction

from ..models import Organisation

DESCRIBED_BY = ("domain", "sector", "employees", "country")


@transaction.atomic
def describe(organisation: Organisation, *, by, at, **facts) -> Organisation:
    """Set sector, size, country or domain. An unknown fact is a programming error (TypeError)."""
    unknown = set(facts) - set(DESCRIBED_BY)
    if unknown:
        raise TypeError(f"An organisation is not described by {', '.join(sorted(unknown))}")
    for name, value in facts.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=list(facts))
    return organisation
