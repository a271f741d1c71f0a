"""Parts of statements that several of them are put together from."""

KNOWN_AT = "CASE WHEN e.source = 'import' THEN e.occurred_at ELSE e.recorded_at END"
KNOWN = f"{KNOWN_AT} < %(until)s"
MICROSECONDS = "(extract(epoch FROM {})*1000000)::bigint"
LACKS_RATE = """
    ({currency} <> %(base)s AND {amount} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_exchangerate r WHERE r.currency = {currency} AND r."on" <= {at}::date))"""
IN_BASE = """
    CASE WHEN {currency} = %(base)s THEN {amount}
         ELSE {amount} * (SELECT r.rate FROM accounts_exchangerate r
                          WHERE r.currency = {currency} AND r."on" <= {at}::date ORDER BY r."on" DESC LIMIT 1) END"""
DAY_OF = "(({} AT TIME ZONE %(zone)s)::date - DATE '1970-01-01')::bigint"
