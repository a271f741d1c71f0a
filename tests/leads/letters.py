"""Mails as other people's programs write them."""

from email.message import EmailMessage
from email.utils import format_datetime


def letter(
    text: str = "Yes, please send it.\n",
    *,
    sender: str = "Kim Sato <kim@juniper.example>",
    subject: str = "Re: Prices for Juniper",
    message_id: str = "<answer-1@juniper.example>",
    answers: str = "",
    html: str = "",
    at=None,
    files: dict[str, bytes] | None = None,
    **headers: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "crm@lumenfield.example", subject
    if message_id:
        message["Message-ID"] = message_id
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    if at:
        message["Date"] = format_datetime(at)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if text:
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def report(of: str, *, to: str, status: str = "5.1.1", words: str = "550 5.1.1 no such user") -> bytes:
    """What a mail server writes when it could not deliver the mail with this Message-ID."""
    return f"""From: MAILER-DAEMON@mx.example
To: crm@lumenfield.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-1@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you …

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}

--b
Content-Type: text/rfc822-headers

Message-ID: {of}
Subject: Prices

--b--
""".replace("\n", "\r\n").encode()
