"""How near marketing may come to people: rules that an administrator sets and everyone can read."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.accounts.domain import holidays as domain_holidays
from pipeline_crm.accounts.models import Company, Holiday
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows, for_everyone_signed_in

from ...domain.contacting import ruling
from ...models import DistanceRules
from ..forms import DistanceForm, HolidayForm


@for_everyone_signed_in
@require_GET
def distance(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allows("settings.change")
@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    form = DistanceForm(request.POST, instance=DistanceRules.get())
    if form.is_valid():
        try:
            ruling.revise(by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The rules are saved. They hold for everything sent from now on."))
            return redirect("marketing:distance")
    return _page(request, form=form, status=422)


@allows("settings.change")
@require_POST
def holidays(request: HttpRequest) -> HttpResponse:
    form = HolidayForm(request.POST, auto_id="holiday_%s")
    if not form.is_valid():
        return _page(request, holiday_form=form, status=422)
    holiday = domain_holidays.keep(by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, _("%(name)s is kept free.") % {"name": holiday.name})
    return redirect("marketing:distance")


@allows("settings.change")
@require_POST
def holiday_removal(request: HttpRequest, pk: int) -> HttpResponse:
    domain_holidays.forget(get_object_or_404(Holiday, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("The holiday is removed."))
    return redirect("marketing:distance")


def _page(request: HttpRequest, *, status: int = 200, **forms) -> HttpResponse:
    rules = DistanceRules.get()
    context = {
        "rules": rules,
        "form": DistanceForm(instance=rules),
        "holiday_form": HolidayForm(auto_id="holiday_%s"),
        "holidays": Holiday.objects.filter(on__gte=timezone.localdate()),
        "may_change": request.user.has_perm("settings.change"),
        "company": Company.get(),
        "page": "distance",
        **forms,
    }
    return render_page(request, "marketing/distance.html", context, status=status)
