"""SQL that makes PostgreSQL keep the log: foreign keys along the chain and triggers that always fire.

The foreign keys state the rules; the triggers repeat them with ENABLE ALWAYS, because a session with
`session_replication_role = replica` skips foreign keys, and nothing may skip these.
"""

from collections.abc import Sequence


def append_only(table: str) -> str:
    """No row of the table is ever changed, deleted or truncated."""
    return f"""
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{table} is append-only: % refused', TG_OP USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""


def erasable(table: str, columns: Sequence[str], *, only: str = "true") -> str:
    """Append-only still, but for one act: while `pipeline.erases` says so, the columns of rows for which `only` holds
    may become "erased", and nothing else of the row changes."""
    kept = ", ".join(f"'{column}'" for column in [*columns, "prev_seq"])  # generated: not there before it is written
    becomes = " AND ".join(
        f"(NEW.{column} IS NOT DISTINCT FROM OLD.{column} OR to_jsonb(NEW.{column}) = '\"erased\"')"
        for column in columns
    )
    return f"""
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('pipeline.erases', true) = 'yes' THEN
        IF to_jsonb(NEW) - ARRAY[{kept}] = to_jsonb(OLD) - ARRAY[{kept}] AND {becomes} AND ({only}) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{table} is append-only: % refused', TG_OP USING ERRCODE = 'check_violation';
END $$;
"""


def undo_erasable(table: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{table} is append-only: % refused', TG_OP USING ERRCODE = 'check_violation';
END $$;
"""


def undo_append_only(table: str) -> str:
    return f"""
DROP TRIGGER {table}_no_change ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
DROP FUNCTION {table}_refuse();
"""


def chain(*, card: str, event: str, amendment: str, stage: str, from_stage: str, to_stage: str) -> str:
    """Events follow each other without gap or fork, and a card stands where its newest event put it."""
    return f"""
ALTER TABLE {event} ADD CONSTRAINT {event}_follows_its_predecessor
    FOREIGN KEY (card_id, prev_seq, {from_stage}, prev_recorded_at)
    REFERENCES {event} (card_id, seq, {to_stage}, recorded_at);
ALTER TABLE {card} ADD CONSTRAINT {card}_stands_at_its_newest_event
    FOREIGN KEY (id, seq, {stage}) REFERENCES {event} (card_id, seq, {to_stage}) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE {amendment} ADD CONSTRAINT {amendment}_speaks_of_a_step
    FOREIGN KEY (card_id, seq) REFERENCES {event} (card_id, seq) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION {event}_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq > 1 AND NOT EXISTS (
        SELECT FROM {event} p WHERE p.card_id = NEW.card_id AND p.seq = NEW.seq - 1
            AND p.{to_stage} = NEW.{from_stage} AND p.recorded_at = NEW.prev_recorded_at) THEN
        RAISE EXCEPTION '{event}: step % of card % does not follow its predecessor', NEW.seq, NEW.card_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM {card} c WHERE c.id = NEW.card_id AND c.seq >= NEW.seq) THEN
        RAISE EXCEPTION '{event}: step % is ahead of card %', NEW.seq, NEW.card_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER {event}_chain AFTER INSERT ON {event} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {event}_chain();
ALTER TABLE {event} ENABLE ALWAYS TRIGGER {event}_chain;

CREATE FUNCTION {card}_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR (NEW.seq, NEW.{stage}) IS DISTINCT FROM (OLD.seq, OLD.{stage})
            AND (NEW.seq <> OLD.seq + 1 OR NEW.{stage} = OLD.{stage}) THEN
        RAISE EXCEPTION '{card}: card % may only take its next step', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {card}_steps BEFORE UPDATE ON {card} FOR EACH ROW EXECUTE FUNCTION {card}_steps();
ALTER TABLE {card} ENABLE ALWAYS TRIGGER {card}_steps;

CREATE FUNCTION {card}_has_its_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM {card} c WHERE c.id = NEW.id AND EXISTS (
            SELECT FROM {event} e WHERE e.card_id = c.id AND e.seq = c.seq AND e.{to_stage} = c.{stage})) THEN
        RAISE EXCEPTION '{card}: card % does not stand at its newest event', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER {card}_has_its_event AFTER INSERT OR UPDATE OF seq, {stage} ON {card}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {card}_has_its_event();
ALTER TABLE {card} ENABLE ALWAYS TRIGGER {card}_has_its_event;

CREATE FUNCTION {card}_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM {event} e WHERE e.card_id = OLD.id) THEN
        RAISE EXCEPTION '{card}: card % has a history and stays', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER {card}_keep BEFORE DELETE ON {card} FOR EACH ROW EXECUTE FUNCTION {card}_keep();
ALTER TABLE {card} ENABLE ALWAYS TRIGGER {card}_keep;
"""


def undo_chain(*, card: str, event: str, amendment: str, **_) -> str:
    return f"""
DROP TRIGGER {card}_keep ON {card};
DROP TRIGGER {card}_has_its_event ON {card};
DROP TRIGGER {card}_steps ON {card};
DROP TRIGGER {event}_chain ON {event};
DROP FUNCTION {card}_keep();
DROP FUNCTION {card}_has_its_event();
DROP FUNCTION {card}_steps();
DROP FUNCTION {event}_chain();
ALTER TABLE {amendment} DROP CONSTRAINT {amendment}_speaks_of_a_step;
ALTER TABLE {card} DROP CONSTRAINT {card}_stands_at_its_newest_event;
ALTER TABLE {event} DROP CONSTRAINT {event}_follows_its_predecessor;
"""


def touched(card: str) -> str:
    """Whoever raises a card's version leaves the number of the transaction on it."""
    return f"""
CREATE FUNCTION {card}_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER {card}_touched BEFORE UPDATE ON {card} FOR EACH ROW
    WHEN (NEW.version <> OLD.version) EXECUTE FUNCTION {card}_touched();
"""


def undo_touched(card: str) -> str:
    return f"""
DROP TRIGGER {card}_touched ON {card};
DROP FUNCTION {card}_touched();
"""
