"""Fourteen attacks on the log by plain SQL, each refused, also in the replica role; the proper move is accepted."""

from dataclasses import dataclass

import pytest
from django.db import DatabaseError, connection, transaction

from deals.domain import moving
from leads.domain import qualifying
from tests.factories import ago, make_deal, make_lead, make_pipeline, stage_of


@dataclass(frozen=True)
class Subject:
    """The tables of one card, and a card in them that stands at step 2: `first` → `second`; `third` is free."""

    card_table: str
    event_table: str
    stage: str
    from_stage: str
    to_stage: str
    card: int
    first: object
    second: object
    third: object
    extra: str  # columns an event needs besides the common ones
    extra_values: str


@pytest.fixture(params=["deals", "leads"])
def subject(request, db) -> Subject:
    if request.param == "deals":
        deal = make_deal(at=ago(9))
        inquiry, hearing, proposal = (stage_of(deal.pipeline, name) for name in ("Inquiry", "Hearing", "Proposal"))
        moving.move(deal, to=hearing, by=None, at=ago(8))
        names = ("deals_deal", "deals_dealevent", "stage_id", "from_stage_id", "to_stage_id")
        return Subject(*names, deal.pk, inquiry.pk, hearing.pk, proposal.pk, "to_kind", "'open'")
    lead = make_lead(at=ago(9))
    qualifying.qualify(lead, by=None, at=ago(8))
    names = ("leads_lead", "leads_leadevent", "stage", "from_stage", "to_stage")
    return Subject(*names, lead.pk, "'generation'", "'qualification'", "'ready'", "reason", "NULL")


@pytest.fixture(params=["origin", "replica"])
def role(request, subject):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in (subject.event_table, subject.event_table.replace("event", "amendment")):
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate")
        cursor.execute(f"SET LOCAL session_replication_role = {request.param}")


def event(s: Subject, *, seq, come_from, to, recorded="clock_timestamp()", previous=None, card=None) -> str:
    previous = previous or (
        f"(SELECT recorded_at FROM {s.event_table} WHERE card_id = {card or s.card} AND seq = {seq} - 1)"
    )
    return f"""
        INSERT INTO {s.event_table} (card_id, seq, {s.from_stage}, {s.to_stage}, occurred_at, is_exact, recorded_at,
                                     prev_recorded_at, currency, source, {s.extra})
        VALUES ({card or s.card}, {seq}, {come_from}, {to}, '2020-01-01', true, {recorded}, {previous}, 'EUR', 'user',
                {s.extra_values});"""


def step(s: Subject, *, seq, stage) -> str:
    return f"UPDATE {s.card_table} SET seq = {seq}, {s.stage} = {stage} WHERE id = {s.card};"


def copy_of_card(s: Subject, *, changes: dict) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'",
            [s.card_table],
        )
        columns = [name for (name,) in cursor.fetchall()]
    values = [str(changes.get(name, name)) for name in columns]
    return (
        f"INSERT INTO {s.card_table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {s.card_table} "
        f"WHERE id = {s.card};"
    )


ATTACKS = {
    "stage without event": lambda s: f"UPDATE {s.card_table} SET {s.stage} = {s.third} WHERE id = {s.card}",
    "stage and seq without event": lambda s: step(s, seq=3, stage=s.third),
    "event without its card": lambda s: event(s, seq=3, come_from=s.second, to=s.third),
    "seq 3 after 1": lambda s: (
        copy_of_card(s, changes={"seq": 3, s.stage: s.third})
        + event(s, seq=1, come_from="NULL", to=s.first, previous="NULL", card=newest(s))
        + event(s, seq=3, come_from=s.first, to=s.third, previous="'2026-01-01'", card=newest(s))
    ),
    "wrong from": lambda s: event(s, seq=3, come_from=s.first, to=s.third) + step(s, seq=3, stage=s.third),
    "recorded before the predecessor": lambda s: (
        event(s, seq=3, come_from=s.second, to=s.third, recorded="'2020-01-02'") + step(s, seq=3, stage=s.third)
    ),
    "same to same": lambda s: event(s, seq=3, come_from=s.second, to=s.second) + step(s, seq=3, stage=s.second),
    "UPDATE of events": lambda s: f"UPDATE {s.event_table} SET occurred_at = '2020-01-01' WHERE card_id = {s.card}",
    "DELETE of events": lambda s: f"DELETE FROM {s.event_table} WHERE card_id = {s.card} AND seq = 2",
    "TRUNCATE of events": lambda s: f"TRUNCATE {s.event_table} CASCADE",
    "delete of a card with history": lambda s: f"DELETE FROM {s.card_table} WHERE id = {s.card}",
    "card without first event": lambda s: copy_of_card(s, changes={"seq": 1}),
    "stage of another pipeline": None,  # deals only: below
    "rewind of the card to an older event": lambda s: step(s, seq=1, stage=s.first),
}


def newest(s: Subject) -> str:
    return f"(SELECT max(id) FROM {s.card_table})"


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in filter(str.strip, sql.split(";")):
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("attack", [name for name, sql in ATTACKS.items() if sql])
def test_attack_is_refused(subject, role, attack):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(DatabaseError) as refusal:
        run(ATTACKS[attack](subject))
    assert refusal.value.__cause__.sqlstate.startswith("23"), refusal.value


@pytest.mark.parametrize("subject", ["deals"], indirect=True)
def test_stage_of_another_pipeline_is_refused(subject, role):
    elsewhere = stage_of(make_pipeline(), "Inquiry").pk
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(DatabaseError, match="pipeline"):
        run(event(subject, seq=3, come_from=subject.second, to=elsewhere) + step(subject, seq=3, stage=elsewhere))


def test_the_proper_move_is_accepted(subject, role):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    run(event(subject, seq=3, come_from=subject.second, to=subject.third) + step(subject, seq=3, stage=subject.third))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT seq FROM {subject.card_table} WHERE id = {subject.card}")
        assert cursor.fetchone() == (3,)


@pytest.mark.parametrize(
    "table", ["deals_dealamendment", "deals_dealchange", "leads_leadamendment", "leads_leadchange"]
)
@pytest.mark.parametrize("replica", ["origin", "replica"])
def test_amendments_and_changes_are_append_only(db, table, replica):
    card = {"deals_dealamendment": "card_id", "leads_leadamendment": "card_id"}.get(table, f"{table[:4]}_id")
    pk = make_deal().pk if table.startswith("deals") else make_lead().pk
    with connection.cursor() as cursor:
        if card == "card_id":
            cursor.execute(
                f"INSERT INTO {table} (card_id, seq, kind, reason, recorded_at) VALUES (%s, 1, 'void', 'x', now())",
                [pk],
            )
        else:
            cursor.execute(
                f"INSERT INTO {table} ({card}, field, source, recorded_at) VALUES (%s, 'title', 'user', now())", [pk]
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SET LOCAL session_replication_role = {replica}")
    for sql in (f"UPDATE {table} SET recorded_at = now()", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"):
            run(sql)


@pytest.mark.parametrize("amount", ["'NaN'", "-1"])
def test_an_amount_is_a_number_and_not_negative(db, amount):
    deal = make_deal()
    with pytest.raises(DatabaseError, match="is_a_number"):
        run(f"UPDATE deals_deal SET amount = {amount}, base_amount = {amount} WHERE id = {deal.pk}")
