"""For what leads get points: rules that marketing sets and everyone can read."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows, for_everyone_signed_in

from ...domain import scoring
from ...models import ChanceNorm, ScoreFact, ScoreRule
from ..forms import FitRuleForm, TouchRuleForm


@for_everyone_signed_in
@require_GET
def score(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allows("leads.market")
@require_POST
def fits(request: HttpRequest) -> HttpResponse:
    """One rule more for who they are."""
    return _kept(request, FitRuleForm(request.POST, auto_id="fit_%s"), "fit_form")


@allows("leads.market")
@require_POST
def touches(request: HttpRequest) -> HttpResponse:
    """One rule more for what they do."""
    return _kept(request, TouchRuleForm(request.POST, auto_id="touch_%s"), "touch_form")


@allows("leads.market")
@require_POST
def usual(request: HttpRequest) -> HttpResponse:
    scoring.begin_as_usual(by=request.user, at=timezone.now())
    messages.success(request, _("These are the usual points. Change them as you like."))
    return redirect("marketing:score")


@allows("leads.market")
@require_POST
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(ScoreRule, pk=pk)
    return _kept(request, _form_of(known, request.POST), "changed_form", known)


@allows("leads.market")
@require_POST
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    scoring.drop_rule(get_object_or_404(ScoreRule, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("The rule is gone. Scores are counted anew."))
    return redirect("marketing:score")


def _kept(
    request: HttpRequest, form: FitRuleForm | TouchRuleForm, name: str, known: ScoreRule | None = None
) -> HttpResponse:
    if form.is_valid():
        try:
            scoring.keep_rule(known, by=request.user, at=timezone.now(), **form.facts())
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The rule is saved. Scores are counted anew."))
            return redirect("marketing:score")
    return _page(request, status=422, changed=known, **{name: form})


def _page(request: HttpRequest, *, status: int = 200, changed: ScoreRule | None = None, **forms) -> HttpResponse:
    rules = ScoreRule.objects.all()
    rows = [(rule, forms["changed_form"] if rule == changed else _form_of(rule)) for rule in rules]
    context = {
        "rules": rules,
        "fit_rows": [row for row in rows if row[0].about != ScoreFact.TOUCH],
        "touch_rows": [row for row in rows if row[0].about == ScoreFact.TOUCH],
        "fit_form": FitRuleForm(auto_id="fit_%s"),
        "touch_form": TouchRuleForm(auto_id="touch_%s"),
        "norm": ChanceNorm.objects.first(),
        "may_market": request.user.has_perm("leads.market"),
        "page": "score",
        **forms,
    }
    return render_page(request, "marketing/score.html", context, status=status)


def _form_of(rule: ScoreRule, data=None) -> FitRuleForm | TouchRuleForm:
    kind = TouchRuleForm if rule.about == ScoreFact.TOUCH else FitRuleForm
    return kind(data, initial=vars(rule), auto_id=f"rule{rule.pk}_%s")
