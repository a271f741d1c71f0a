"""What reports see of leads and deals, through the real verbs and the real database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from django.utils import timezone

from analytics import sources
from analytics.selection import Selection
from analytics.sources import copying, logs
from analytics.tables.journeys import lead_of
from deals.domain import closing, moving, opening, recycling, revising, shaping, undoing
from deals.models import Deal, DealChange, DealLine, Pipeline, Product
from leads.domain import noting, qualifying
from leads.models import Organisation, Source
from pipeline_crm.accounts.models import Company, ExchangeRate
from pipeline_crm.foundation.append_only import Origin
from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user, stage_of

DAY = 86_400_000_000  # microseconds
pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


def river(pipeline, as_of=None, **cut):
    return sources.river(Selection(pipeline.pk, as_of or sources.today(pipeline, timezone.now()), **cut))


def steps(log):
    names = [stage.name for stage in log.stages]
    return [(names[stage], amount) for stage, amount in log.steps.select("stage", "amount").rows()]


def move(deal, name, *, at):
    moving.move(deal, to=stage_of(deal.pipeline, name), by=None, at=at)


def test_a_deal_is_seen_step_by_step(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20), amount=1000)
    move(deal, "Proposal", at=ago(10))
    closing.win(deal, by=None, at=ago(5))
    log = river(pipeline).deals
    assert steps(log) == [("Inquiry", 1000.0), ("Proposal", 1000.0), ("Order", 1000.0)]
    assert (log.steps["day"] - log.steps["day"][0]).to_list() == pytest.approx([0, 10, 15], abs=1)


def test_marketing_and_sales_are_one_journey(pipeline):
    lead = make_lead(at=ago(40))
    qualifying.qualify(lead, by=None, at=ago(30))
    qualifying.hand_over(lead, by=None, at=ago(20))
    opening.open_deal(lead=lead, pipeline=pipeline, amount=500, by=None, at=ago(15))
    seen = river(pipeline).journeys
    assert [name for name, _amount in steps(seen)] == ["Generation", "Qualification", "Ready for sales", "Inquiry"]
    assert seen.steps["card"].n_unique() == 1


def test_who_comes_back_is_a_second_attempt(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20))
    recycling.recycle(deal, reason=make_reason(), contact_again_on=timezone.localdate(), by=None, at=ago(1))
    seen = river(pipeline).journeys.steps
    assert seen.group_by("card", maintain_order=True).agg(pl.col("attempt").max())["attempt"].sort().to_list()[-1] == 2


def test_an_undone_step_never_was(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20))
    now = timezone.now()
    move(deal, "Hearing", at=now)
    undoing.undo(deal, by=None, at=timezone.now())
    assert [name for name, _amount in steps(river(pipeline).deals)] == ["Inquiry"]


def test_a_redated_step_counts_on_its_new_day(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20))
    move(deal, "Hearing", at=ago(2))
    before = river(pipeline).deals.steps["day"][1]
    undoing.redate_step(deal, seq=2, occurred_at=ago(9), reason="Typed late", by=None)
    assert before - river(pipeline).deals.steps["day"][1] == 7


def test_what_was_recorded_later_was_not_known_then(pipeline):
    """Written down now, of twenty days ago: a week ago nobody knew."""
    make_deal(pipeline=pipeline, at=ago(20))
    assert river(pipeline, as_of=sources.today(pipeline, ago(7))).deals.steps.height == 0


def test_a_revised_amount_counts_from_its_revision(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20), amount=1000)
    revising.revise(deal, by=None, at=timezone.now(), amount=Decimal(2500))
    assert steps(river(pipeline).deals) == [("Inquiry", 2500.0)]


def test_a_cleared_amount_is_unknown(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20), amount=1000)
    revising.revise(deal, by=None, at=timezone.now(), amount=None)
    assert steps(river(pipeline).deals) == [("Inquiry", None)]


def test_a_new_currency_makes_another_amount(pipeline):
    ExchangeRate.objects.create(currency="USD", on=ago(100).date(), rate=Decimal("0.5"))
    deal = make_deal(pipeline=pipeline, at=ago(20), amount=1000)
    revising.revise(deal, by=None, at=timezone.now(), currency="USD")
    assert steps(river(pipeline).deals) == [("Inquiry", 500.0)]
    move(deal, "Hearing", at=timezone.now())
    revising.revise(deal, by=None, at=timezone.now(), amount=Decimal(3000), currency="EUR")
    assert steps(river(pipeline).deals) == [("Inquiry", 500.0), ("Hearing", 3000.0)]


def test_a_step_by_hand_leaves_the_amount_a_file_stated(tmp_path):
    bring_in(tmp_path / "deals.csv", PLAIN_HEAD + "1,Proposal,1000,2024-05-04,,,\n", PLAIN)
    deal = Deal.objects.get()
    move(deal, "Estimate", at=timezone.now())
    assert steps(river(deal.pipeline).deals) == [("Proposal", 1000.0), ("Estimate", 1000.0)]


def test_before_the_last_step_of_a_file_its_amount_was_not_known(tmp_path):
    bring_in(tmp_path / "deals.csv", PLAIN_HEAD + "2,Order,2500,2024-05-01,2024-06-01,,\n", PLAIN)
    assert steps(river(Deal.objects.get().pipeline).deals) == [("Inquiry", None), ("Order", 2500.0)]


def test_amounts_are_in_the_base_currency_at_the_rate_of_the_day(pipeline):
    ExchangeRate.objects.create(currency="USD", on=ago(100).date(), rate=Decimal("0.5"))
    ExchangeRate.objects.create(currency="USD", on=ago(3).date(), rate=Decimal("0.9"))
    make_deal(pipeline=pipeline, at=ago(20), amount=1000, currency="USD")
    seen = river(pipeline)
    assert steps(seen.deals) == [("Inquiry", 500.0)]
    assert seen.without_rate == 0


def test_a_retired_stage_counts_as_its_successor(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20))
    move(deal, "Hearing", at=ago(10))
    shaping.retire_stage(
        stage_of(pipeline, "Hearing"), successor=stage_of(pipeline, "Proposal"), by=None, at=timezone.now()
    )
    seen = river(pipeline).deals
    assert "Hearing" not in [stage.name for stage in seen.stages]
    assert [name for name, _amount in steps(seen)][:2] == ["Inquiry", "Proposal"]


def test_a_report_is_narrowed_to_a_team(pipeline):
    north, south = make_team(), make_team()
    ana, cleo = make_user(team=north), make_user(team=south)
    ours = make_deal(pipeline=pipeline, lead=make_lead(team=north, owner=ana), owner=ana)
    make_deal(pipeline=pipeline, lead=make_lead(team=south, owner=cleo), owner=cleo)
    assert river(pipeline, owner=ana.pk).deals.steps["card"].to_list() == [ours.pk]


def cards(log):
    return sorted(log.steps["card"].unique().to_list())


def test_a_journey_belongs_to_the_cut_of_its_deal_from_generation_on(pipeline):
    """Mina's lead became Ana's deal: the whole journey is Ana's, and nothing of it stays behind with Mina."""
    mina, ana = make_user(), make_user()
    lead = make_lead(at=ago(40), owner=mina)
    qualifying.qualify(lead, by=None, at=ago(30))
    qualifying.hand_over(lead, by=None, at=ago(20))
    deal = opening.open_deal(lead=lead, pipeline=pipeline, owner=ana, by=None, at=ago(15))
    waiting = make_lead(at=ago(40), owner=mina)
    of_ana, of_mina = river(pipeline, owner=ana.pk).journeys, river(pipeline, owner=mina.pk).journeys
    assert cards(of_ana) == [deal.pk]
    assert [name for name, _amount in steps(of_ana)] == ["Generation", "Qualification", "Ready for sales", "Inquiry"]
    assert of_mina.steps.select(lead_of(pl.col("card"))).to_series().unique().to_list() == [waiting.pk]


def test_a_report_is_narrowed_to_a_source_and_to_a_product(pipeline):
    web, fair = Source.objects.create(name="Web"), Source.objects.create(name="Fair")
    ours = make_deal(pipeline=pipeline, lead=make_lead(source=web))
    theirs = make_deal(pipeline=pipeline, lead=make_lead(source=fair))
    roof = Product.objects.create(name="Roof", price=Decimal(50))
    DealLine.objects.create(deal=theirs, product=roof)
    assert cards(river(pipeline, source=web.pk).deals) == [ours.pk]
    assert cards(river(pipeline, product=roof.pk).deals) == [theirs.pk]
    assert river(pipeline, product=roof.pk, source=web.pk).journeys.steps.height == 0


def test_first_and_second_tries_are_told_apart(pipeline):
    deal = make_deal(pipeline=pipeline, at=ago(20))
    recycling.recycle(deal, reason=make_reason(), contact_again_on=timezone.localdate(), by=None, at=ago(1))
    assert cards(river(pipeline, tries="first").journeys) == [deal.pk]
    again = river(pipeline, tries="again").journeys
    assert [name for name, _amount in steps(again)] == ["Waiting"]


def test_a_revised_amount_whose_rate_is_gone_is_counted_as_unknown(pipeline):
    ExchangeRate.objects.create(currency="USD", on=ago(100).date(), rate=Decimal("0.5"))
    deal = make_deal(pipeline=pipeline, at=ago(20), amount=1000)
    revising.revise(deal, by=None, at=timezone.now(), currency="USD")
    assert (river(pipeline).without_rate, steps(river(pipeline).deals)) == (0, [("Inquiry", 500.0)])
    ExchangeRate.objects.all().delete()
    assert (river(pipeline).without_rate, steps(river(pipeline).deals)) == (1, [("Inquiry", None)])
    revising.revise(deal, by=None, at=timezone.now(), currency="EUR")
    assert river(pipeline).without_rate == 0


def test_a_loss_says_why_unless_it_never_was(pipeline):
    price, silent = make_reason("Price"), make_reason("No answer")
    deal, other = (make_deal(pipeline=pipeline, at=ago(20)) for _ in range(2))
    closing.lose(deal, reason=price, by=None, at=ago(5))
    closing.lose(other, reason=silent, by=None, at=timezone.now())
    assert sorted(river(pipeline).lost().rows()) == [(deal.pk, "Price", ""), (other.pk, "No answer", "")]
    undoing.undo(other, by=None, at=timezone.now())
    assert river(pipeline).lost().rows() == [(deal.pk, "Price", "")]


def test_the_head_moves_with_each_step(pipeline):
    before = sources.log_head()
    deal = make_deal(pipeline=pipeline, at=ago(20))
    between = sources.log_head()
    move(deal, "Hearing", at=ago(10))
    assert len({before, between, sources.log_head()}) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda pipeline: ExchangeRate.objects.create(currency="USD", on=ago(3).date(), rate=Decimal("0.9")),
        lambda pipeline: ExchangeRate.objects.update(rate=Decimal("0.7")),
        lambda pipeline: Company.objects.update(base_currency="CHF"),
        lambda pipeline: Company.objects.update(time_zone="Asia/Tokyo"),
        lambda pipeline: Pipeline.objects.filter(pk=pipeline.pk).update(time_zone="Asia/Tokyo"),
        lambda pipeline: pipeline.stages.filter(name="Hearing").update(name="Talk"),
        lambda pipeline: pipeline.stages.filter(name="Hearing").update(position=90),
        lambda pipeline: Product.objects.update(price=Decimal(70)),
    ],
    ids=["new rate", "rate", "currency", "zone", "zone of pipeline", "name", "position", "price"],
)
def test_the_settings_digest_moves_with_what_figures_depend_on(pipeline, change):
    ExchangeRate.objects.create(currency="USD", on=ago(100).date(), rate=Decimal("0.5"))
    Product.objects.create(name="Roof", price=Decimal(50))
    before = sources.settings_digest()
    assert before == sources.settings_digest()
    change(pipeline)
    assert sources.settings_digest() != before


def test_a_pipeline_is_found_by_name_or_number(pipeline):
    assert sources.pipeline_named(pipeline.name.upper()) == pipeline == sources.pipeline_named(str(pipeline.pk))
    with pytest.raises(sources.NoSuchPipeline, match="There is no pipeline “Nowhere”"):
        sources.pipeline_named("Nowhere")


def test_the_day_is_that_of_the_pipeline(pipeline):
    pipeline.time_zone = "Asia/Tokyo"
    assert sources.today(pipeline, datetime(2026, 11, 23, 20, tzinfo=UTC)).day == 24


def test_what_was_told_later_is_left_out_of_an_earlier_day():
    """A step that was told late, one that was voided, and an amount that was raised."""
    row = {"card": 1, "exact": True, "without_rate": False, "amount": 100.0}
    told = logs.Told(
        pl.DataFrame(
            [
                row | {"seq": 1, "to": "a", "occurred": 10 * DAY, "known": 10 * DAY},
                row | {"seq": 2, "to": "b", "occurred": 20 * DAY, "known": 40 * DAY},
                row | {"seq": 3, "to": "c", "occurred": 50 * DAY, "known": 50 * DAY},
            ],
            schema=logs.STEP_TYPES,
        ),
        pl.DataFrame(
            [{"card": 1, "seq": 3, "kind": "void", "occurred": 60 * DAY, "recorded": 60 * DAY}],
            schema=logs.AMENDMENT_TYPES,
        ),
        pl.DataFrame(
            [{"card": 1, "occurred": 70 * DAY, "amount": 300.0, "without_rate": False}], schema=logs.REVISION_TYPES
        ),
    )

    versions, as_told = told.versions("UTC")
    steps = as_told.steps_as_known()

    def known(day):
        then = versions.filter(pl.col("first") <= day, pl.col("last") >= day)
        assert set(then["card"]) <= {1}
        return steps.filter(pl.col("card").is_in(then["version"].implode())).select("to", "amount").rows()

    assert known(9) == []
    assert known(39) == [("a", 100.0)]
    assert known(50) == [("a", 100.0), ("b", 100.0), ("c", 100.0)]
    assert known(69) == [("a", 100.0), ("b", 100.0)]
    assert known(70) == told.steps_as_known().select("to", "amount").rows() == [("a", 100.0), ("b", 300.0)]
    assert told.corrected("UTC").to_list() == [1]


def test_a_history_that_nobody_corrected_is_simply_its_steps(pipeline, tmp_path):
    bring_in(tmp_path / "deals.csv", PLAIN_HEAD + "2,Order,2500,2024-05-01,2024-06-01,,\n", PLAIN)
    imported = sources.river(Selection(Pipeline.objects.get(name=PLAIN["pipeline"]["name"]).pk, date(2024, 7, 1)))
    assert imported.deals.steps.height and imported.corrected.is_empty()


def test_numbers_come_as_they_are_and_what_is_unknown_as_unknown(db):
    query = """SELECT * FROM (VALUES (1::bigint, 2, 3::smallint, 4.5::float8, true, '2026-11-23 01:00+01'::timestamptz),
                                     (NULL, -7, -1, NULL, false, '1969-12-31 23:59:59.5+00')) v (a, b, c, d, e, at)"""
    types = {"a": pl.Int64, "b": pl.Int32, "c": pl.Int16, "d": pl.Float64, "e": pl.Boolean, "at": pl.Datetime}
    told = copying.columns(query, {}, types)
    assert told.rows() == [(1, 2, 3, 4.5, True, 1_795_392_000_000_000), (None, -7, -1, None, False, -500_000)]
    nothing = copying.columns(f"{query} WHERE a > %(least)s", {"least": 1}, types)
    assert nothing.height == 0 and nothing.schema == told.schema
    with pytest.raises(copying.BrokenColumn, match="b: 1 of 1 cells are empty"):
        copying.columns("SELECT NULL::int AS b", {}, {"b": pl.Int32})


def test_a_size_takes_deals_by_their_newest_known_value(pipeline):
    small, grown, unknown = (make_deal(pipeline=pipeline, amount=amount) for amount in (100, 200, None))
    revising.revise(grown, by=None, at=timezone.now(), amount=Decimal(900))
    seen = {
        name: set(river(pipeline, **cut).deals.steps["card"])
        for name, cut in {
            "all": {}, "small": {"most": 100.0}, "large": {"least": 900.0}, "middle": {"least": 150.0, "most": 300.0},
        }.items()
    }  # fmt: skip
    assert seen == {"all": {small.pk, grown.pk, unknown.pk}, "small": {small.pk}, "large": {grown.pk}, "middle": set()}


def test_what_is_known_of_a_deal_beside_its_steps(pipeline):
    ana, ben = make_user(name="Ana"), make_user(name="Ben")
    lead = make_lead(at=ago(40), organisation="Oak", source="Fair", owner=ana)
    Organisation.objects.update(sector="Food", country="Austria", employees=120)
    noting.note(lead, kind="call", text="Spoke to them", by=ana, at=ago(35))
    deal = make_deal(pipeline=pipeline, lead=lead, at=ago(20), owner=ana)
    noting.note(deal, kind="meeting", text="Met them", by=ana, at=ago(18))
    revising.revise(deal, by=None, at=timezone.now(), owner=ben)
    facts = river(pipeline).facts()
    assert facts.properties.drop("card").row(0, named=True) == {
        "source": "Fair", "deal_type": "new", "sector": "Food", "country": "Austria", "role": None, "employees": 120.0,
        "product": None,
    }  # fmt: skip
    today = river(pipeline).deals.steps["day"].max() + 20
    assert sorted(facts.acts.select("kind", today - pl.col("day")).rows()) == [("call", 35), ("meeting", 18)]
    assert set(facts.owners.select("card", "owner", "until").rows()) == {
        (deal.pk, "Ben", None),
        (deal.pk, "Ana", today),
    }
    earlier = river(pipeline, as_of=(timezone.now() - timedelta(days=30)).date()).facts()
    assert earlier.acts["kind"].to_list() == ["call"]


def test_beside_a_team_or_a_person_stands_the_whole_pipeline_from_the_same_reading(pipeline):
    ben, ana = make_user(name="Ben"), make_user(name="Ana")
    deals = [make_deal(pipeline=pipeline, at=ago(20), amount=1000, owner=owner) for owner in (ana, ben, ben)]
    for deal in deals:
        move(deal, "Proposal", at=ago(10))
    undoing.undo(deals[1], by=None, at=ago(5))
    everybody, anas = river(pipeline), river(pipeline, owner=ana.pk)
    assert everybody.whole is None and river(pipeline, tries="first").whole is None
    assert river(pipeline, owner=ana.pk, tries="first").whole is None
    whole = anas.whole()
    assert anas.deals.steps["card"].n_unique() == 1
    for log in ("journeys", "deals"):
        assert getattr(whole, log).steps.equals(getattr(everybody, log).steps)
    assert whole.corrected.equals(everybody.corrected) and whole.cut == {} and whole.goals == ()


def test_who_had_open_deals_is_told_of_any_moment(pipeline):
    ana, ben, cleo = (make_user(name=name) for name in ("Ana", "Ben", "Cleo"))
    known = Origin.IMPORT  # on the day on which it happened
    handed_on = make_deal(pipeline=pipeline, owner=ben, at=ago(20), via=known)
    DealChange.objects.create(deal=handed_on, field="owner", before=ana.pk, after=ben.pk, recorded_at=ago(12))
    closing.lose(handed_on, reason=make_reason(), by=None, at=ago(8), via=known)
    mistaken = make_deal(pipeline=pipeline, owner=cleo, at=ago(19), via=known)
    closing.win(mistaken, by=None, at=ago(15), via=known)
    undoing.void_step(mistaken, seq=2, reason="never ordered", by=None)
    make_deal(pipeline=make_pipeline("Other"), owner=ana, at=ago(20), via=known)
    make_deal(pipeline=pipeline, owner=ben, at=ago(20))  # dated back: it is known only now
    of = sources.selling(pipeline, since=ago(30))
    told = {days: of(ago(days)) for days in (25, 16, 11, 6)}
    assert told == {25: set(), 16: {ana.pk, cleo.pk}, 11: {ben.pk, cleo.pk}, 6: {cleo.pk}}
    assert (
        of(timezone.now()) == {ben.pk, cleo.pk} == {who for who, many in sources.owners(pipeline).items() if many.open}
    )
