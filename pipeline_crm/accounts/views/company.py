"""The company's own facts and the dated exchange rates."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pipeline_crm.accounts.domain import company as domain
from pipeline_crm.accounts.forms import CompanyForm, RateForm
from pipeline_crm.accounts.models import Company, ExchangeRate
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows


@allows("settings.change")
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request)
    form = CompanyForm(request.POST)
    if form.is_valid():
        try:
            domain.revise(by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("base_currency", str(refusal))
        else:
            messages.success(request, _("The company's settings are saved."))
            return redirect("accounts:company")
    return _page(request, form=form, status=422)


@allows("settings.change")
@require_POST
def rates(request: HttpRequest) -> HttpResponse:
    form = RateForm(request.POST, base_currency=Company.get().base_currency)
    if not form.is_valid():
        return _page(request, rate_form=form, status=422)
    rate = domain.set_rate(by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, _("The rate is kept: %(rate)s.") % {"rate": rate})
    return redirect("accounts:company")


@allows("settings.change")
@require_POST
def rate_removal(request: HttpRequest, pk: int) -> HttpResponse:
    domain.forget_rate(get_object_or_404(ExchangeRate, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("The rate is removed. Amounts converted with it keep their worth."))
    return redirect("accounts:company")


def _page(
    request: HttpRequest, *, form: CompanyForm | None = None, rate_form: RateForm | None = None, status: int = 200
) -> HttpResponse:
    company = Company.get()
    context = {
        "company": company,
        "form": form or CompanyForm.of(company),
        "rate_form": rate_form or RateForm(base_currency=company.base_currency),
        "rates": ExchangeRate.objects.all(),
        "page": "company",
    }
    return render_page(request, "accounts/company.html", context, status=status)
