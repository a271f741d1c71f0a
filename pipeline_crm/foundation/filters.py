"""Filters are GET forms: one object knows what is asked, the address can be kept, nothing unknown is let through."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils import formats
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal


class UnknownFilter(Refusal):
    """The address asks for something this page does not know, or in a form it does not understand."""

    status = 422


@dataclass(frozen=True)
class Chip:
    """One condition of a filter; `without` is the address part that drops it."""

    name: str
    label: str
    words: str
    without: str


class FilterForm(forms.Form):
    """The base of a page's filter, its fields optional.

    `beside` names parameters of the page that are no filter, `arranges` fields that do not narrow it, and `in_sight`
    those whose controls are always seen, so that no chip has to tell of them.
    """

    use_required_attribute = False
    beside: tuple[str, ...] = ()
    arranges: tuple[str, ...] = ()
    in_sight: tuple[str, ...] = ()

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
                _("The filter “%(name)s” does not fit: %(problem)s")
                % {"name": form.fields[field].label or field if field in form.fields else field, "problem": errors[0]},
                names=[field],
            )
        return form

    @classmethod
    def understands(cls, query: QueryDict, **kwargs: Any) -> bool:
        """Whether a page with this filter would answer the query."""
        form = cls(query, **kwargs)
        return not set(query) - set(form.fields) - set(cls.beside) and form.is_valid()

    @property
    def chosen(self) -> dict[str, Any]:
        """Only what narrows the page: fields with a value."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value not in (None, "", [], False) and name not in self.arranges
        }

    @property
    def chips(self) -> list[Chip]:
        """What is chosen out of sight, in words, each with the address of the page without it."""
        return [
            Chip(name, str(self.fields[name].label), self._in_words(name, value), self.query(**{name: None}))
            for name, value in self.chosen.items()
            if name not in self.in_sight
        ]

    @property
    def bare(self) -> str:
        """The address part of what arranges the page, without anything that narrows it."""
        return self.query(**{name: None for name in self.fields if name not in self.arranges})

    def query(self, **changes: Any) -> str:
        """The address part of this filter with some values changed; None drops one."""
        values = {name: self.data.getlist(name) for name in self.fields if name in self.data}
        values |= {name: None if value is None else [value] for name, value in changes.items()}
        kept = {name: [one for one in value if one != ""] for name, value in values.items() if value}
        return urlencode({name: value for name, value in kept.items() if value}, doseq=True)

    def _in_words(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField) or not isinstance(field, forms.ChoiceField):
            return "" if value is True else formats.localize(value) if isinstance(value, date) else str(value)
        return str(dict(field.choices).get(value, value))  # type: ignore[call-overload]
