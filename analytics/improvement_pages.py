"""Writing down what is done about a stage; the report `improve` shows it and what came of it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from deals.models import Pipeline
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.forms import PlainTextField, date_input
from pipeline_crm.foundation.permissions import acts_on, allows

from . import improving, sources
from .forms import not_before_1900
from .models import Improvement


class NotSaid(Refusal):
    """Something of it is missing or does not fit."""

    status = 422


class ImprovementForm(forms.Form):
    use_required_attribute = True
    stage = forms.ChoiceField(label=gettext_lazy("Stage"))
    what = PlainTextField(label=gettext_lazy("What is done"), max_length=200)
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True), label=gettext_lazy("Owner"), required=False, empty_label="–"
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=date_input(), validators=[not_before_1900])

    def __init__(self, *args, pipeline: Pipeline, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["stage"].choices = list(sources.open_stages(pipeline).items())


@allows("analytics.improve")
@require_POST
def improvements(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("pipeline", "")
    pipeline = Pipeline.objects.visible_to(request.user).filter(pk=int(chosen) if chosen.isdecimal() else 0).first()
    if pipeline is None:
        raise NotSaid(_("Which pipeline is it about?"), fields=["pipeline"])
    form = ImprovementForm(request.POST, pipeline=pipeline)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise NotSaid(f"{form.fields[field].label}: {problems[0]}", fields=[field])
    improving.begin(pipeline, **form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, _("Written down. What comes of it is told here."))
    return redirect(f"{reverse('analytics:report', args=['improve'])}?pipeline={pipeline.pk}")


@acts_on(Improvement)
@allows("analytics.improve")
@require_POST
def giving_up(request: HttpRequest, improvement: Improvement) -> HttpResponse:
    improving.give_up(improvement, at=timezone.now())
    messages.success(request, _("Given up: “%(what)s” is compared no more.") % {"what": improvement.what})
    return redirect(f"{reverse('analytics:report', args=['improve'])}?pipeline={improvement.pipeline_id}")
