"""What a stage asks of a deal that is to enter it: the same for a drag, a form, many at once and an import."""

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ..models import Deal, Stage


class StageOfAnotherPipeline(Refusal):
    """A deal stays in its pipeline, and retired stages take no deals."""

    status = 422


class FieldsMissing(Refusal):
    """The stage asks for fields that the deal does not have yet; its `fields` are all of them."""

    status = 422


def admit(deal: Deal, stage: Stage) -> None:
    """Refuse a stage of another pipeline, a retired one, and one that asks for more than the deal has."""
    if stage.pipeline_id != deal.pipeline_id or stage.retired_at:
        raise StageOfAnotherPipeline(
            _("%(stage)s is not a stage of %(pipeline)s.") % {"stage": stage.name, "pipeline": deal.pipeline.name},
            card=deal,
        )
    missing = missing_fields(deal, stage)
    if missing:
        labels = ", ".join(label_of(name) for name in missing)
        raise FieldsMissing(
            _("%(stage)s needs: %(fields)s.") % {"stage": stage.name, "fields": labels}, card=deal, fields=missing
        )


def missing_fields(deal: Deal, stage: Stage) -> list[str]:
    """The fields that the stage asks for and the deal does not have, in the stage's order."""
    return [name for name in stage.required_fields if _is_empty(deal, name)]


def label_of(field: str) -> str:
    """The name of a deal's field as people read it."""
    return str(getattr(Deal._meta.get_field(field), "verbose_name", field))


def _is_empty(deal: Deal, field: str) -> bool:
    value = getattr(deal, getattr(Deal._meta.get_field(field), "attname", field))
    return not value.strip() if isinstance(value, str) else value in (None, [])
