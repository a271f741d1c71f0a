"""Leads that are perhaps one: looked at side by side, and made one or told apart."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.answers import back
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ...domain import joining, recognising
from ...models import Lead, Likeness
from ...views import answers
from ..pairs import PAIRS, undecided, with_rights

AT_ONCE = 20


@allows("leads.market")
@require_GET
def duplicates(request: HttpRequest) -> HttpResponse:
    """The pairs nobody has decided about, the newest first."""
    shown = Paginator(undecided(request.user), AT_ONCE).get_page(request.GET.get("page"))
    context = {"shown": shown, "pairs": with_rights(shown, user=request.user), "page": "duplicates"}
    return render_page(request, "marketing/duplicates.html", context)


@acts_on(PAIRS)
@allows("leads.join_likeness")
@require_POST
@once
def joint(request: HttpRequest, pair: Likeness) -> HttpResponse:
    """They are one."""
    were_companies = pair.is_about_companies
    kept = joining.join(pair, by=request.user, at=timezone.now())
    say = _("The two companies are one now.") if were_companies else _("Joined to %(name)s.") % {"name": kept}
    return _answer(request, pair, _shown(request, pair) if were_companies else kept, say)


@acts_on(PAIRS)
@allows("leads.part_likeness")
@require_POST
def difference(request: HttpRequest, pair: Likeness) -> HttpResponse:
    """They are not the same."""
    recognising.tell_apart(pair.lead, [pair.like], by=request.user, at=timezone.now())
    return _answer(request, pair, _shown(request, pair), _("They stay two; nobody is asked again."))


def _shown(request: HttpRequest, pair: Likeness) -> Lead:
    """The lead whose panel asked."""
    return pair.lead if request.POST.get("shown") == str(pair.lead.pk) else pair.like


def _answer(request: HttpRequest, pair: Likeness, lead: Lead, say: str) -> HttpResponse:
    if is_fragment_request(request):
        return answers.changed(request, Lead.objects.get(pk=lead.pk), say)
    messages.success(request, say)
    return back(request, reverse("leads:lead", args=[lead.pk]))
