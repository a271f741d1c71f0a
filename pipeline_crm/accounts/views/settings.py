"""The door to all settings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.permissions import for_everyone_signed_in


@for_everyone_signed_in
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return redirect("accounts:company" if request.user.is_admin else "accounts:profile")
