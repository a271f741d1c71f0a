"""Where cards are on a board: in the page and in the database."""

from deals.models import Deal
from tests.factories import stage_of


def card(page, subject):
    return page.locator(f"#board #card-{subject.pk}")


def column(page, deal, name):
    return page.locator(f"#col-{stage_of(deal.pipeline, name).pk}")


def arrives(page, deal, name):
    column(page, deal, name).locator(f"#card-{deal.pk}:not(.saving)").wait_for()


def stage_now(deal):
    return Deal.objects.select_related("stage").get(pk=deal.pk).stage.name
