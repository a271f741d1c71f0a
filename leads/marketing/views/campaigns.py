"""Campaigns: how one knows who came by them, and what they cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.contrib import messages
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.accounts.domain.rates import MissingRate, RateTable
from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows

from ...domain import campaigning
from ...models import Campaign, CampaignCost, Touch
from ..forms import CampaignFactsForm, CostForm

LOOKED_BACK = timedelta(days=90)
MOST_WORDS = 20


@dataclass(frozen=True)
class Spent:
    """In base currency; `unrated` costs are in a currency that has no rate for their day, and not in the sum."""

    amount: Decimal
    unrated: int


@allows("leads.market")
@require_GET
def campaigns(request: HttpRequest) -> HttpResponse:
    """All of them with what they cost, and the words that people came by and no campaign has."""
    known = list(_with_costs(request))
    rates = RateTable.load()
    for one in known:
        one.spent = _spent(one.standing_costs, rates)
    context = {
        "campaigns": [one for one in known if not one.archived_at],
        "archived": [one for one in known if one.archived_at],
        "strangers": _words_of_no_campaign(request),
        "base": Company.get().base_currency,
        "page": "campaigns",
    }
    return render_page(request, "marketing/campaigns.html", context)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    word = request.GET.get("word", "")[:100]
    return _kept(request, None, Campaign(name=word, word=word, starts_on=timezone.localdate()))


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(_with_costs(request), pk=pk)
    return _kept(request, known, known)


@allows("leads.market")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Campaign.objects.visible_to(request.user), pk=pk)
    campaigning.archive(known, by=request.user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("marketing:campaign", pk)


@allows("leads.market")
@require_POST
def costs(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(_with_costs(request), pk=pk)
    form = CostForm(request.POST, auto_id="cost_%s")
    if not form.is_valid():
        return _page(request, known, CampaignFactsForm(instance=known), cost_form=form, status=422)
    campaigning.spend(known, by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, _("The cost is written down."))
    return redirect("marketing:campaign", pk)


@allows("leads.market")
@require_POST
def cost_removal(request: HttpRequest, pk: int) -> HttpResponse:
    cost = get_object_or_404(CampaignCost.objects.filter(campaign__in=Campaign.objects.visible_to(request.user)), pk=pk)
    campaigning.take_back(cost, by=request.user, at=timezone.now())
    messages.success(request, _("The cost is taken back. Reports as of earlier days still know it."))
    return redirect("marketing:campaign", cost.campaign_id)


def _kept(request: HttpRequest, known: Campaign | None, shown: Campaign) -> HttpResponse:
    form = CampaignFactsForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        try:
            kept = campaigning.keep(known, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The campaign is saved."))
            return redirect("marketing:campaign", kept.pk)
    return _page(request, known, form, status=422 if form.errors else 200)


def _page(request: HttpRequest, known: Campaign | None, form, *, status: int, cost_form=None) -> HttpResponse:
    context = {
        "campaign": known,
        "name": Campaign.objects.get(pk=known.pk).name if known else "",
        "spent": _spent(known.standing_costs, RateTable.load()) if known else None,
        "form": form,
        "cost_form": cost_form or CostForm(auto_id="cost_%s"),
        "base": Company.get().base_currency,
        "page": "campaigns",
    }
    return render_page(request, "marketing/campaign.html", context, status=status)


def _with_costs(request: HttpRequest):
    standing = Prefetch("costs", CampaignCost.objects.standing().select_related("by"), to_attr="standing_costs")
    return Campaign.objects.visible_to(request.user).select_related("source").prefetch_related(standing)


def _spent(costs: Iterable[CampaignCost], rates: RateTable) -> Spent:
    amount, unrated = Decimal(0), 0
    for cost in costs:
        try:
            amount += rates.to_base(cost.amount, cost.currency, on=cost.on) or 0
        except MissingRate:
            unrated += 1
    return Spent(amount, unrated)


def _words_of_no_campaign(request: HttpRequest) -> list[dict]:
    """Words in links by which people came lately, the most frequent first."""
    known = campaigning.recognising()
    recent = Touch.objects.visible_to(request.user).filter(at__gte=timezone.now() - LOOKED_BACK)
    word = f"campaign__{campaigning.WORD}"
    counted = recent.exclude(**{word: None}).values(word).annotate(touches=Count("pk")).order_by("-touches", word)
    found = [{"word": campaigning.word_of({campaigning.WORD: row[word]}), "touches": row["touches"]} for row in counted]
    today = timezone.localdate()
    return [row for row in found if row["word"] and not known(row["word"], None, today)][:MOST_WORDS]
