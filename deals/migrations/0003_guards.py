from django.db import migrations

from pipeline_crm.foundation.append_only_sql import append_only, chain, undo_append_only, undo_chain

CHAIN = {
    "card": "deals_deal",
    "event": "deals_dealevent",
    "amendment": "deals_dealamendment",
    "stage": "stage_id",
    "from_stage": "from_stage_id",
    "to_stage": "to_stage_id",
}
LOGS = ["deals_dealevent", "deals_dealamendment", "deals_dealchange"]

STAGES = """
ALTER TABLE deals_dealevent ADD CONSTRAINT deals_dealevent_knows_the_kind_of_its_stage
    FOREIGN KEY (to_stage_id, to_kind) REFERENCES deals_stage (id, kind) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE deals_deal ADD CONSTRAINT deals_deal_stands_in_its_pipeline
    FOREIGN KEY (stage_id, pipeline_id) REFERENCES deals_stage (id, pipeline_id) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION deals_deal_in_its_pipeline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM deals_stage s WHERE s.id = NEW.stage_id AND s.pipeline_id = NEW.pipeline_id) THEN
        RAISE EXCEPTION 'deals_deal: the stage of deal % is of another pipeline', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deals_deal_in_its_pipeline BEFORE INSERT OR UPDATE OF stage_id, pipeline_id ON deals_deal
    FOR EACH ROW EXECUTE FUNCTION deals_deal_in_its_pipeline();
ALTER TABLE deals_deal ENABLE ALWAYS TRIGGER deals_deal_in_its_pipeline;
"""
UNDO_STAGES = """
DROP TRIGGER deals_deal_in_its_pipeline ON deals_deal;
DROP FUNCTION deals_deal_in_its_pipeline();
ALTER TABLE deals_deal DROP CONSTRAINT deals_deal_stands_in_its_pipeline;
ALTER TABLE deals_dealevent DROP CONSTRAINT deals_dealevent_knows_the_kind_of_its_stage;
"""


class Migration(migrations.Migration):
    dependencies = [("deals", "0002_initial"), ("leads", "0002_guards")]
    operations = [
        migrations.RunSQL(chain(**CHAIN), undo_chain(**CHAIN)),
        migrations.RunSQL(STAGES, UNDO_STAGES),
        *[migrations.RunSQL(append_only(log), undo_append_only(log)) for log in LOGS],
    ]
