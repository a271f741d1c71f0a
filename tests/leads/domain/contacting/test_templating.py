import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.contacting.templating import (
    PLACEHOLDERS,
    NothingToPutIn,
    UnknownPlaceholder,
    as_html,
    as_plain,
    check,
    fill,
    links,
    one_line,
)


def test_names_of_the_list_are_put_in_and_words_stand_in_for_what_is_not_known():
    text = "Dear {{first_name|friend}} of {{ company }},\nyours {{my_name|us all}}"
    assert fill(text, {"company": "Juniper"}) == "Dear friend of Juniper,\nyours us all"
    assert fill(text, {"company": "Juniper", "first_name": "Kim"}).startswith("Dear Kim of")


@pytest.mark.parametrize(
    "text",
    [
        *("{{ lead }}", "{{first_name.__class__}}", "{{ first_name|upper|x }}", "{{name", "name}}", "{{}}", "{{ 1 }}"),
        *("{% load x %}", "{# hidden #}", "{{ first_name }} {{ settings.SECRET_KEY }}", "{{{name}}}", "{{NAME}}"),
    ],
)
def test_anything_but_a_name_of_the_list_is_refused(text):
    with pytest.raises(UnknownPlaceholder):
        check(text)


def test_what_is_not_known_is_not_left_empty():
    with pytest.raises(NothingToPutIn, match=r"Their company is not known. Write \{\{company\|something else\}\}"):
        fill("Hello {{company}}", {"company": "  "})


def test_what_is_put_in_is_never_read_again():
    assert fill("{{name}}", {"name": "{{company}}", "company": "Secret"}) == "{{company}}"


@given(st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), st.text(max_size=40)))
def test_no_value_breaks_a_header_or_a_page(values):
    text = fill(" ".join(f"{{{{{name}|x}}}}" for name in PLACEHOLDERS), values)
    assert not any(ord(character) < 32 for character in one_line(text))
    assert "<" not in as_html(text).replace("<p>", "").replace("</p>", "").replace("<br>", "").replace(
        "<a ", ""
    ).replace("</a>", "")


def test_plain_words_become_paragraphs_lists_and_links():
    assert as_html("Hello\nKim\n\n- one\n- <b>\n\nSee https://example.com/a?b=1&c=2.") == (
        "<p>Hello<br>Kim</p>\n<ul><li>one</li><li>&lt;b&gt;</li></ul>\n"
        '<p>See <a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a>.</p>'
    )


def test_a_link_may_have_words_which_stand_before_its_address_in_plain_text():
    text = "See [our prices](https://example.com/p?a=1&b=2) or https://example.com/more."
    assert links(text) == ["https://example.com/p?a=1&b=2", "https://example.com/more"]
    assert as_plain(text) == "See our prices (https://example.com/p?a=1&b=2) or https://example.com/more."
    assert as_html(text, ["https://x/0", "https://x/1"]) == (
        '<p>See <a href="https://x/0">our prices</a> or <a href="https://x/1">https://example.com/more</a>.</p>'
    )


def test_nobodys_name_hides_an_address_behind_words():
    filled = fill("Dear {{first_name}}", {"first_name": "[Click](https://evil.example/)"})
    assert ">Click</a>" not in as_html(filled) and "https://evil.example/" in as_html(filled).replace("<a href", "")
