from django.db import migrations

from pipeline_crm.foundation.append_only_sql import append_only, chain, undo_append_only, undo_chain

CHAIN = {
    "card": "leads_lead",
    "event": "leads_leadevent",
    "amendment": "leads_leadamendment",
    "stage": "stage",
    "from_stage": "from_stage",
    "to_stage": "to_stage",
}
LOGS = ["leads_leadevent", "leads_leadamendment", "leads_leadchange"]


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]
    operations = [
        migrations.RunSQL(chain(**CHAIN), undo_chain(**CHAIN)),
        *[migrations.RunSQL(append_only(log), undo_append_only(log)) for log in LOGS],
    ]
