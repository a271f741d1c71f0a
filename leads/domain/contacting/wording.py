"""The templates of mails: checked when they are kept, archived when they are no longer used."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ...models import MailTemplate
from . import templating


class NameTaken(Refusal):
    """Two templates with one name are told apart by nobody."""

    status = 422


@transaction.atomic
def keep(
    name: str, *, subject: str, body: str, purpose: str, by, at: datetime, template: MailTemplate | None = None
) -> MailTemplate:
    """Add a template, or change the one given; mails written before keep their words.

    Refused: a name that another has (NameTaken), and placeholders that are not on the list (UnknownPlaceholder).
    """
    others = MailTemplate.objects.filter(name__iexact=name.strip())
    if (others.exclude(pk=template.pk) if template else others).exists():
        raise NameTaken(_("There is a template called %(name)s already.") % {"name": name.strip()}, fields=["name"])
    for field, text in (("subject", subject), ("body", body)):
        try:
            templating.check(text)
        except templating.UnknownPlaceholder as refusal:
            raise templating.UnknownPlaceholder(str(refusal), fields=[field]) from refusal
    template = template or MailTemplate(created_at=at)
    template.name, template.purpose = name.strip(), purpose
    template.subject, template.body = templating.one_line(subject), body.strip()
    template.save()
    return template


@transaction.atomic
def archive(template: MailTemplate, *, by, at: datetime) -> None:
    """Offer it no more; archived again it is offered again."""
    template.archived_at = None if template.archived_at else at
    template.save(update_fields=["archived_at"])
