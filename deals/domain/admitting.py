"""What a stage asks of a deal that is to enter it: the same for a drag, a form, many at once and an import."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ..models import Deal, Stage, StageKind

ASKABLE = (
    "amount",
    "expected_close",
    "competitor",
    "concerns",
    "person",
    "owner",
    "title",
    "tags",
)


class StageOfAnotherPipeline(Refusal):
    """A deal stays in its pipeline, and retired stages take no deals."""

    status = 422


class FieldsMissing(Refusal):
    """The stage asks for fields that the deal does not have yet; its `fields` are all of them."""

    status = 422


class NotTheNextStage(Refusal):
    """The way from the deal's stage does not lead there; `stages` are those it leads to."""

    status = 422


def admit(deal: Deal, stage: Stage, *, asks: bool = True) -> Stage:
    """Let the deal pass into the stage, which retires for nobody until the transaction ends; answers it as it is now.

    Refused: a stage of another pipeline or a retired one, one that is not next for an open deal (Lost always is, and
    a closed deal is taken up again anywhere), and one that `asks` for more than the deal has.
    """
    stage = keep(stage.pk)
    if stage.pipeline_id != deal.pipeline_id or stage.retired_at:
        raise StageOfAnotherPipeline(
            _("%(stage)s is not a stage of %(pipeline)s.") % {"stage": stage.name, "pipeline": deal.pipeline.name},
            card=deal,
        )
    if deal.stage_id != stage.pk and deal.stage.is_open and stage.kind != StageKind.LOST:
        lead_on(deal.stage, stage, card=deal)
    if asks:
        ask(deal, stage)
    return stage


def keep(pk: int) -> Stage:
    """The stage as it is now, and as it stays until the transaction ends. Any number may keep it at once."""
    return Stage.objects.raw("SELECT * FROM deals_stage WHERE id = %s FOR SHARE", [pk])[0]


def lead_on(here: Stage, to: Stage, **known) -> None:
    """Refuse the step from here to a stage that is not among the next ones."""
    following = list(here.next_stages.all())
    if following and to.pk not in [stage.pk for stage in following]:
        names = ", ".join(stage.name for stage in following)
        raise NotTheNextStage(
            _("From %(here)s a deal goes on to %(names)s, not to %(stage)s.")
            % {"here": here.name, "names": names, "stage": to.name},
            stages=[stage.pk for stage in following],
            **known,
        )


def ask(deal: Deal, stage: Stage, *, known: Collection[str] = ()) -> None:
    """Refuse a stage that asks for fields which the deal does not have and which are not `known` otherwise."""
    missing = [name for name in missing_fields(deal, stage) if name not in known]
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
