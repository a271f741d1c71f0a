"""Insight: what people expect to be won, beside what is computed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, Role, Team, User
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.forms import AmountField, PlainTextField
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows
from pipeline_crm.foundation.templatetags.ui import moment

from . import fiscal, grading, judgement_tables, judging, rolling_up, rules, sources
from .exports import Facts
from .fiscal import Period
from .judging import Roster
from .models import Judgement
from .presenting import judgement as words
from .rolling_up import PERSON, TEAM, WHOLE, Line, Whose
from .views import CAN_SEE, csv_file

HISTORY_SHOWN = 60


class NotThere(Refusal):
    """What a form was about is not there any more; nothing is written down for something else."""

    status = 422


class JudgementForm(forms.Form):
    """Without a best case, it is the commit."""

    use_required_attribute = True
    commit = AmountField(label=gettext_lazy("For sure"), required=True)
    best_case = AmountField(label=gettext_lazy("At best"), required=False)
    reason = PlainTextField(label=gettext_lazy("Why"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("best_case") is None:
            data["best_case"] = data.get("commit")
        return data


class OverrideForm(JudgementForm):
    whose = forms.ChoiceField(label=gettext_lazy("Whose"))
    commit = AmountField(label=gettext_lazy("For sure"), required=False)
    reason = PlainTextField(label=gettext_lazy("Why"), max_length=300)
    field_order = ("whose", "commit", "best_case", "reason")

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["whose"].choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("best_case") is not None and data.get("commit") is None and "commit" not in self.errors:
            self.add_error("commit", _("Say also what is for sure, or leave both amounts empty."))
        return data

    def clean_whose(self) -> Whose:
        kind, _dash, number = self.cleaned_data["whose"].partition("-")
        return kind, int(number)


class Scene:
    """What a page or an answer is about: the pipeline, the period, and what this person sees of it."""

    def __init__(self, request: HttpRequest):
        asked = request.POST if request.method == "POST" else request.GET
        self.user, self.at = request.user, timezone.now()
        visible = Pipeline.objects.visible_to(self.user).order_by("-is_default", "name")
        number = asked.get("pipeline") or ""
        chosen = visible.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 10 else None
        if request.method == "POST" and number and chosen is None:
            raise NotThere(_("That pipeline is not there any more. Load the page again."))
        self.pipelines, self.pipeline = visible, chosen or visible.first()
        if self.pipeline is None:
            return
        self.today = sources.today(self.pipeline, self.at)
        self.periods = judging.periods(self.today)
        key = asked.get("period") or ""
        found = next((period for period in self.periods if period.key == key), None)
        if request.method == "POST" and key and found is None:
            raise NotThere(_("That period is over. Load the page again."))
        self.period = found or self.periods[0]
        self.roster: Roster = judging.roster(self.pipeline)
        self.sees = _seeing(self.user, self.roster)

    def named(self, period: Period) -> str:
        return fiscal.name(period, first_month=Company.get().fiscal_year_start_month)

    @property
    def address(self) -> str:
        return f"{reverse('analytics:judgement')}?{self.query}"

    @property
    def query(self) -> str:
        return f"pipeline={self.pipeline.pk}&period={self.period.key}"

    @cached_property
    def said(self) -> list[Judgement]:
        return list(judging.words(self.pipeline, self.period))

    @cached_property
    def lines(self) -> dict[Whose, Line]:
        return judging.lines(self.said, self.roster)

    @cached_property
    def seen(self) -> dict[Whose, Line]:
        return {of: line for of, line in self.lines.items() if self.sees(of)}

    @cached_property
    def kept(self) -> grading.Machines:
        return grading.Machines(self.pipeline, [self.period])

    @cached_property
    def machines(self) -> dict[Whose, grading.Machine]:
        return self.kept.newest(self.period)

    @cached_property
    def weeks(self) -> list[grading.Week]:
        if not self.sees(WHOLE):
            return []
        return grading.weeks(self.pipeline, self.period, self.said, self.roster, self.kept, at=self.at)

    @cached_property
    def grades(self) -> list[grading.Grade]:
        return grading.grades(self.pipeline, self.roster, on=self.today, sees=self.sees)

    @cached_property
    def words(self) -> list[Judgement]:
        """All that was said of the period and this person may see, the newest first."""
        of = {"pipeline": self.pipeline, "starts_on": self.period.start, "ends_on": self.period.end}
        seen = Judgement.objects.visible_to(self.user).filter(**of)
        return list(seen.select_related("team", "owner", "by").order_by("-id"))

    @cached_property
    def name_of(self) -> Callable[[Whose], str]:
        wanted = {*self.seen, *(grade.whose for grade in self.grades), *map(judging.whose, self.words)}
        found: dict[Whose, str] = {WHOLE: _("The whole of %(pipeline)s") % {"pipeline": self.pipeline}}
        for kind, model in ((TEAM, Team), (PERSON, User)):
            rows: Any = model.objects.filter(pk__in=[pk for of, pk in wanted if of == kind])  # type: ignore[attr-defined]
            found |= {(kind, one.pk): str(one) for one in rows}
        return lambda of: found.get(of, "–")


@allows(CAN_SEE)
@require_GET
@never_cache
def judgement(request: HttpRequest) -> HttpResponse:
    return _page(request, Scene(request))


@allows(CAN_SEE)
@require_GET
@never_cache
def table_as_json(request: HttpRequest, table: str) -> HttpResponse:
    """One table of the page, as far as this person sees it, as a list of its rows."""
    rows, _name = _table(request, table)
    return JsonResponse(rows, safe=False, json_dumps_params={"ensure_ascii": False, "indent": 2})


@allows(CAN_SEE)
@require_GET
@never_cache
def table_as_csv(request: HttpRequest, table: str) -> HttpResponse:
    return csv_file(*_table(request, table))


@allows("insight.judge")
@require_POST
def submissions(request: HttpRequest) -> HttpResponse:
    """One's own figure."""
    scene = Scene(request)
    form = JudgementForm(request.POST)
    if scene.pipeline is None or not form.is_valid():
        return _page(request, scene, form=form, status=422)
    try:
        said = judging.submit(scene.pipeline, scene.period, **form.cleaned_data, by=scene.user, at=scene.at)
    except Refusal as refusal:
        form.add_error(refusal.facts["fields"][0], str(refusal))
        return _page(request, scene, form=form, status=422)
    messages.success(
        request, _("Written down. It can be said anew until %(when)s.") % {"when": moment(said.freezes_at)}
    )
    return redirect(scene.address)


@allows("analytics.override")
@require_POST
def overrides(request: HttpRequest) -> HttpResponse:
    """Another figure than those below; 403 for whom one does not lead."""
    scene = Scene(request)
    if scene.pipeline is None:
        return _page(request, scene, status=422)
    form = OverrideForm(request.POST, choices=_to_override(scene))
    if not form.is_valid():
        return _page(request, scene, override=form, status=422)
    data = form.cleaned_data
    kind, number = data.pop("whose")
    team = Team.objects.get(pk=number) if kind == TEAM else None
    owner = User.objects.get(pk=number) if kind == PERSON else None
    if not rules.may_override(scene.user, team, owner):
        raise PermissionDenied
    try:
        judging.override(scene.pipeline, scene.period, team=team, owner=owner, **data, by=scene.user, at=scene.at)
    except Refusal as refusal:
        form.add_error(refusal.facts["fields"][0], str(refusal))
        return _page(request, scene, override=form, status=422)
    messages.success(request, _("Written down. The figures below stay as they are."))
    return redirect(scene.address)


def _table(request: HttpRequest, table: str) -> tuple[list[Facts], str]:
    """Its rows, and how its file is called."""
    scene = Scene(request)
    if scene.pipeline is None or table not in judgement_tables.TABLES:
        raise Http404
    return judgement_tables.TABLES[table](scene), f"judgement-{table}-{scene.period.start}"


def _page(
    request: HttpRequest,
    scene: Scene,
    *,
    form: JudgementForm | None = None,
    override: OverrideForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"pipeline": scene.pipeline, "pipelines": scene.pipelines, "page_path": request.path}
    context["query"] = f"pipeline={scene.pipeline.pk}" if scene.pipeline else ""
    if scene.pipeline is not None:
        context |= _context(scene, form, override)
    return render_page(request, "analytics/judgement.html", context, status=status)


def _context(scene: Scene, form: JudgementForm | None, override: OverrideForm | None) -> dict[str, Any]:
    company, user = Company.get(), scene.user
    currency = company.base_currency
    mine = (PERSON, user.pk)
    head = WHOLE if scene.sees(WHOLE) else mine
    line = scene.lines.get(head)
    own = scene.lines[mine].own if mine in scene.lines else None
    whose = _("All together") if head == WHOLE else _("You")
    closed = scene.roster.closed.get(user.pk, 0)
    may_judge = user.has_perm("insight.judge")
    to_override = _to_override(scene) if user.has_perm("analytics.override") else []
    return {
        "period": scene.period,
        "period_name": scene.named(scene.period),
        "periods": [(period.key, scene.named(period)) for period in scene.periods],
        "currency": currency,
        "finding": words.finding(
            line,
            scene.machines.get(head),
            whose=whose,
            period=scene.named(scene.period),
            currency=currency,
        ),
        "kpis": _kpis(line, scene.machines.get(head), currency),
        "rows": words.rows(scene.seen, scene.machines, scene.name_of, currency),
        "own": own,
        "freezes_at": judging.freezes_at(scene.at),
        "cut_off": words.cut_off(company.freeze_weekday, company.freeze_hour),
        "form": form or (JudgementForm(initial=_initial(own)) if may_judge else None),
        "override": override or (OverrideForm(choices=to_override, auto_id="over_%s") if to_override else None),
        "weeks": words.week_rows(scene.weeks, currency),
        "grades": words.grade_rows(scene.grades, scene.name_of),
        "too_few": words.too_few(closed) if may_judge and 0 < closed < grading.ENOUGH_CLOSED else "",
        "history": [(word, scene.name_of(judging.whose(word))) for word in scene.words[:HISTORY_SHOWN]],
        "files": {name: _files(scene, name) for name in judgement_tables.TABLES},
    }


def _files(scene: Scene, table: str) -> list[tuple[str, str]]:
    """The addresses of a table as a file."""
    forms = ("csv", "json")
    return [
        (form.upper(), f"{reverse(f'analytics:judgement_as_{form}', args=[table])}?{scene.query}") for form in forms
    ]


def _kpis(line: Line | None, machine: grading.Machine | None, currency: str) -> list[dict[str, str]]:
    if line is None or line.figure is None:
        return []
    figure = words.figures(line.figure, currency)
    kpis = [
        {"label": _("For sure"), "value": figure["commit"], "note": _("said by people")},
        {"label": _("At best"), "value": figure["best_case"], "note": _("said by people")},
    ]
    if machine:
        computed = words.computed(machine, currency)
        kpis.append({"label": _("Forecast"), "value": computed["median"], "note": computed["range"]})
    return kpis


def _initial(own: Judgement | None) -> dict[str, Decimal | None]:
    return {"commit": own.commit, "best_case": own.best_case} if own else {}


def _seeing(user: Any, who: Roster) -> Callable[[Whose], bool]:
    """As Judgement.visible_to: one's own, and those one leads."""
    if user.is_admin:
        return lambda _of: True
    led = set(rules.teams_of(user))
    people = {user.pk}.union(*(who.members.get(team, set()) for team in led))

    def sees(of: Whose) -> bool:
        if of == WHOLE:
            return user.has_role(Role.MANAGER)
        return of[1] in (led if of[0] == TEAM else people)

    return sees


def _to_override(scene: Scene) -> list[tuple[str, str]]:
    seen = [of for of in scene.seen if of != (PERSON, scene.user.pk)]
    in_order = sorted(seen, key=lambda of: (rolling_up.KINDS.index(of[0]), scene.name_of(of)))
    return [(f"{kind}-{pk}", scene.name_of((kind, pk))) for kind, pk in in_order]
