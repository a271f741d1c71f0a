"""Settings: products and lost reasons; and the products of a deal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ..domain import cataloguing, revising
from ..forms import LineForm, ProductForm, ReasonForm
from ..models import Deal, LostReason, Product
from . import answers


@allows("settings.change")
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    return show(request)


@allows("settings.change")
@require_POST
def product(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a product, or change one."""
    known = get_object_or_404(Product, pk=pk) if pk else None
    form = ProductForm(request.POST)
    if not form.is_valid():
        return show(request, status=422, product_form=form)
    return keep(request, lambda: cataloguing.keep_product(**form.cleaned_data, product=known, by=request.user))


@allows("settings.change")
@require_POST
def reason(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add a lost reason, or change one."""
    known = get_object_or_404(LostReason, pk=pk) if pk else None
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, status=422, reason_form=form)
    return keep(request, lambda: cataloguing.keep_reason(**form.cleaned_data, reason=known, by=request.user))


@allows("settings.change")
@require_POST
def archiving(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    entry = get_object_or_404({"products": Product, "reasons": LostReason}[kind], pk=pk)
    return keep(request, lambda: cataloguing.archive(entry, by=request.user, at=timezone.now()))


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
@once
def lines(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Add a product to the deal, or take one away; the amount follows where asked."""
    rows = [
        (line.product, line.quantity, line.unit_price) for line in deal.lines.select_related("product").order_by("id")
    ]
    form = LineForm(request.POST, deal=deal, auto_id="line_%s")
    taken = request.POST.get("remove", "")
    if taken.isdecimal() and len(taken) < 5 and int(taken) < len(rows):
        form = None
        del rows[int(taken)]
    elif form.is_valid():
        sent = form.cleaned_data
        rows.append((sent["product"], sent["quantity"], sent["unit_price"]))
    else:
        return answers.panel_or_page(request, deal, line_form=form, status=422)
    follow, seen = request.POST.get("follow") == "on", version_seen(request)
    try:
        revising.set_lines(deal, lines=rows, follow=follow, seen_version=seen, by=request.user, at=timezone.now())
    except Refusal as refusal:
        if form is None:
            raise
        form.add_error(None, str(refusal))
        return answers.panel_or_page(request, deal, line_form=form, status=refusal.status)
    return answers.changed(request, deal)


def version_seen(request: HttpRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def keep(request: HttpRequest, change) -> HttpResponse:
    try:
        change()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Saved."))
    return redirect("deals:catalogue")


def show(request: HttpRequest, *, status: int = 200, **forms) -> HttpResponse:
    base = Company.get().base_currency
    context = {
        "products": [
            (product, ProductForm(initial=vars(product), auto_id=f"product_{product.pk}_%s"))
            for product in Product.objects.all()
        ],
        "reasons": [
            (reason, ReasonForm(initial=vars(reason), auto_id=f"reason_{reason.pk}_%s"))
            for reason in LostReason.objects.select_related("norm")
        ],
        "product_form": ProductForm(initial={"currency": base}, auto_id="new_product_%s"),
        "reason_form": ReasonForm(auto_id="new_reason_%s"),
        "page": "catalogue",
        **forms,
    }
    return render_page(request, "deals/catalogue.html", context, status=status)
