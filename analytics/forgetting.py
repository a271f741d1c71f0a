"""What Insight forgets when a person is erased: reasons of judgements that name them, never an amount."""

from leads.domain import erasing
from leads.domain.erasing import Subject

from .models import Judgement, Scenario


@erasing.erases
def of_judgements(subject: Subject) -> None:
    if subject.words:
        Judgement.objects.filter(reason__iregex=subject.naming_whole).update(reason=erasing.ERASED)
        Scenario.objects.filter(name__iregex=subject.naming_whole).update(name=erasing.ERASED)
