from django.db import migrations, models

from pipeline_crm.foundation.append_only import CurrentTransaction, XidField
from pipeline_crm.foundation.append_only_sql import touched, undo_touched


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_guards")]
    operations = [
        migrations.AddField("lead", "touched", XidField(db_default=CurrentTransaction(), editable=False)),
        migrations.AddIndex("lead", models.Index(fields=["touched"], name="lead_touched")),
        migrations.RunSQL(touched("leads_lead"), undo_touched("leads_lead")),
    ]
