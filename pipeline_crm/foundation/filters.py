"""Filters are GET forms: one object knows what is asked, the address can be kept, nothing unknown is let through."""

from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal


class UnknownFilter(Refusal):
    """The address asks for something this page does not know, or in a form it does not understand."""

    status = 422


class FilterForm(forms.Form):
    """The base of a page's filter, its fields optional; `beside` names parameters of the page that are no filter."""

    use_required_attribute = False
    beside: tuple[str, ...] = ()

    @classmethod
    def asked_by(cls, request: HttpRequest, **kwargs: Any) -> Self:
        """The request's filter, cleaned. Refused with UnknownFilter when a parameter is unknown or a value is wrong."""
        form = cls(request.GET, **kwargs)
        unknown = sorted(set(request.GET) - set(form.fields) - set(cls.beside))
        if unknown:
            raise UnknownFilter(
                _("This page does not know the filter “%(name)s”.") % {"name": unknown[0]}, names=unknown
            )
        if not form.is_valid():
            field, errors = next(iter(form.errors.items()))
            raise UnknownFilter(
                _("The filter “%(name)s” does not fit: %(problem)s") % {"name": field, "problem": errors[0]},
                names=[field],
            )
        return form

    @property
    def chosen(self) -> dict[str, Any]:
        """Only what narrows the page: fields with a value."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], False)}

    def query(self, **changes: Any) -> str:
        """The address part of this filter with some values changed; None drops one."""
        values = {name: self.data.getlist(name) for name in self.fields if name in self.data}
        values |= {name: None if value is None else [value] for name, value in changes.items()}
        return urlencode({name: value for name, value in values.items() if value}, doseq=True)
