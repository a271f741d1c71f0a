"""What answers to a change have in common, whatever card was changed."""

from urllib.parse import urlsplit

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from .errors import Refusal


class Invalid(Refusal):
    """What was sent does not fit the form."""

    status = 422


def first_error(form: forms.Form) -> Invalid:
    """The form's first error as a refusal in its own words."""
    field, errors = next(iter(form.errors.items()))
    label = form.fields[field].label if field in form.fields else ""
    sentence = f"{label}: {errors[0]}" if label else str(errors[0])
    return Invalid(sentence, fields=[field])


def page_query(request: HttpRequest) -> QueryDict:
    """The query of the page that sent the request: its filter."""
    try:
        return QueryDict(urlsplit(request.htmx.current_url or "").query if request.htmx else "")
    except ValueError:  # no address at all
        return QueryDict()


def page_path(request: HttpRequest) -> str:
    """The path of the page that sent the request."""
    return urlsplit(request.htmx.current_url or "").path if request.htmx else ""


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """To where the plain form says it was, if that is a page of ours; else to `otherwise`."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(target)
    return redirect(otherwise)
