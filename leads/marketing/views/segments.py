"""Segments: who belongs to them, what they do by themselves, and one mail to all of them."""

from collections import Counter

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows
from pipeline_crm.foundation.requests import once

from ...domain.contacting import broadcasting, segmenting, templating
from ...domain.contacting import mailing as mails
from ...filters import LeadFilter
from ...models import EnrolmentState, Lead, Mailing, MailTemplate, Segment, WhyNot
from ..forms import MailForm, SegmentForm
from ..segments import filter_of, members

FIELDS = (
    "stage", "score_from", "score_to", "touched_within", "untouched_for", "consent", "source", "tag", "owner", "team",
    "value_from", "value_to", "recycled", "mine", "q",
)  # fmt: skip
SHOWN, ASKED, LINES = 20, 50, 100  # each one asked is a dozen questions to the database


@allows("leads.market")
@require_GET
def segments(request: HttpRequest) -> HttpResponse:
    at, on_the_way = timezone.now(), Q(entries__enrolment__state__in=[EnrolmentState.RUNNING, EnrolmentState.PAUSED])
    found = Segment.objects.select_related("owner", "cadence").annotate(on_the_way=Count("entries", filter=on_the_way))
    rows = [(one, filter_of(one), members(one, at=at).count()) for one in found.filter(archived_at=None)]
    context = {"rows": rows, "archived": found.exclude(archived_at=None), "page": "segments"}
    return render_page(request, "marketing/segments.html", context)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _kept(request, None)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def segment(request: HttpRequest, pk: int) -> HttpResponse:
    return _kept(request, _named(pk))


@allows("leads.market")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    segmenting.archive(_named(pk), by=request.user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("marketing:segments")


@allows("leads.market")
@require_http_methods(["GET", "POST"])
@once
def mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """What a mail to all would look like and who would not get it; then it is sent."""
    known, at = _named(pk), timezone.now()
    form = MailForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return _page(request, known, mail_form=form, status=422)
    template = form.cleaned_data["template"]
    if request.method == "POST":
        try:
            made = broadcasting.begin(known, template, by=request.user, at=at)
        except Refusal as refusal:
            form.add_error("template", str(refusal))
            return _page(request, known, mail_form=form, status=422)
        messages.success(request, _("The mails are being written. Each goes out once it may."))
        return redirect("marketing:mailing", made.pk)
    context = {"segment": known, "template": template, "page": "segments", **_foreseen(request, known, template)}
    return render_page(request, "marketing/segment_mailing.html", context)


@allows("leads.market")
@require_GET
def mailed(request: HttpRequest, pk: int) -> HttpResponse:
    """What became of a mailing."""
    made = get_object_or_404(Mailing.objects.select_related("segment", "template", "by"), pk=pk)
    seen = made.lines.filter(lead__in=Lead.objects.visible_to(request.user))
    with_all = seen.select_related("lead__person", "lead__organisation", "mail")
    context = {
        "mailing": made,
        "sums": [(WhyNot(why).label if why else "", n) for why, n in broadcasting.sums(made)],
        "lines": Paginator(with_all, LINES).get_page(request.GET.get("page")),
        "page": "segments",
    }
    return render_page(request, "marketing/mailing.html", context)


def _named(pk: int) -> Segment:
    return get_object_or_404(Segment.objects.select_related("owner", "cadence"), pk=pk)


def _kept(request: HttpRequest, known: Segment | None) -> HttpResponse:
    if request.method != "POST":
        return _page(request, known)
    form, filter = SegmentForm(request.POST), LeadFilter(request.POST)
    if form.is_valid() and filter.is_valid():
        query = filter.query(sort=None)
        try:
            kept = segmenting.keep(query=query, segment=known, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The segment is saved."))
            return redirect("marketing:segment", kept.pk)
    return _page(request, known, form=form, filter=filter, status=422)


def _page(request: HttpRequest, known: Segment | None, *, status: int = 200, **forms) -> HttpResponse:
    filter = forms.pop("filter", None) or (filter_of(known) if known else LeadFilter(request.GET or None))
    context = {
        "segment": known,
        "form": SegmentForm(initial=known and {**vars(known), "cadence": known.cadence_id}),
        "filter": filter_of(known) if known else filter,
        "filter_fields": [filter[name] for name in FIELDS],
        "mail_form": MailForm(),
        "page": "segments",
        **(_of(request, known) if known else {}),
        **forms,
    }
    return render_page(request, "marketing/segment.html", context, status=status)


def _of(request: HttpRequest, known: Segment) -> dict:
    """Who belongs to the segment now, whom it has put in, and what was sent to it."""
    belonging = members(known, at=timezone.now())
    visible = belonging.filter(pk__in=Lead.objects.visible_to(request.user).values("pk"))
    left_out = Counter(known.entries.exclude(why_not="").values_list("why_not", flat=True))
    return {
        "count": belonging.count(),
        "leads": visible.select_related("person", "organisation").order_by("-score", "pk")[:SHOWN],
        "put_in": known.entries.filter(why_not="").count(),
        "left_out": [(WhyNot(why).label, n) for why, n in left_out.most_common()],
        "mailings": known.mailings.select_related("template", "by").annotate(written=Count("lines__mail"))[:10],
        "has_templates": MailTemplate.objects.filter(archived_at=None).exists(),
    }


def _foreseen(request: HttpRequest, known: Segment, template: MailTemplate) -> dict:
    """Who would be written to and who not, asked of the first some, and the mail of the first who would."""
    at = timezone.now()
    readers = members(known, at=at).filter(pk__in=Lead.objects.visible_to(request.user).values("pk"))
    asked = list(readers.select_related("person", "organisation", "owner").order_by("pk")[:ASKED])
    why = {lead.pk: broadcasting.why_not(lead, template, by=request.user, at=at) for lead in asked}
    reached = [lead for lead in asked if not why[lead.pk]]
    letter = mails.compose(reached[0], template, by=request.user) if reached else None
    return {
        "count": readers.count(),
        "asked": len(asked),
        "reached": len(reached),
        "left_out": [(WhyNot(one).label, n) for one, n in Counter(filter(None, why.values())).most_common()],
        "lead": reached[0] if reached else None,
        "letter": letter,
        "html": templating.as_html(letter.text) if letter else "",
    }
