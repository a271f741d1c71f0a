"""The way out, at the end of each mail: one click in the mail program, or a page. Looking at it changes nothing."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import public

from ...domain.contacting import consenting
from ...models import Basis, Channel, Mail, Purpose
from ..forms import LeavingForm


@public
@csrf_exempt  # mail programs post without a session; the token is the right to do so
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscription(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the mail's reader. POST, from it or from a mail program (RFC 8058), withdraws what is not chosen."""
    mail = Mail.objects.select_related("person").filter(token=token[:64].replace("\x00", "")).first()
    if mail is None:
        raise Http404
    if request.method == "POST":
        kept = {*request.POST.getlist("purposes")} & {*_wanted(mail)}  # whatever else was sent, leaving never fails
        leaves = [purpose for purpose in Purpose.values if purpose not in kept]
        consenting.withdraw(mail.person, purposes=leaves, channel=Channel.MAIL, at=timezone.now())
    wanted = _wanted(mail)
    context = {
        "form": LeavingForm(wanted=wanted),
        "wanted": [purpose.label for purpose in wanted],
        "is_done": request.method == "POST",
        "company": Company.get(),
    }
    return render_page(request, "marketing/unsubscription.html", context)


def _wanted(mail: Mail) -> list[Purpose]:
    """What the reader may be written to about as things stand."""
    if consenting.has_left(mail.person):
        return []
    said = consenting.standing(mail.person)
    return [purpose for purpose in Purpose if purpose in said and said[purpose].basis != Basis.WITHDRAWN]
