"""Only UTF-8 is read."""

import pytest

from pipeline_crm.accounts.models import User
from pipeline_crm.wsgi import application

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.foundation.pages")]


@pytest.fixture
def ana(client):
    user = User.objects.create_user("ana@example.org", name="Ana Reyes")
    client.force_login(user)
    return user


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "base64", "idna", "unicode-escape", "nothing", "utf-7", ""])
def test_what_is_not_utf_8_answers_400_whatever_reads_it(ana, client, charset):
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nKim\xff\r\n--x--\r\n'
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"):
        for method in ("GET", "POST"):
            answer = client.generic(method, "/new-team/", body, content_type=f"{kind}; charset={charset}")
            assert (answer.status_code, answer.content) == (400, b"Please send UTF-8.")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8"])
def test_what_is_utf_8_is_read(ana, client, charset):
    body = '--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nNörd\r\n--x--\r\n'.encode()
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    assert client.generic("POST", "/new-team/", body, content_type=kind).status_code == 200


@pytest.mark.parametrize("charset", ["base64", "idna", "utf-16"])
def test_an_encoding_that_is_none_does_not_break_the_reading_of_the_address(rf, charset):
    environ = rf.get("/new-team/?a=%E4").environ | {"CONTENT_TYPE": f"text/plain; charset={charset}"}
    answered = []
    body = application(environ, lambda status, headers: answered.append(status))
    assert (answered, b"".join(body)) == (["400 Bad Request"], b"Please send UTF-8.")
