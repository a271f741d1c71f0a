from django.db import migrations, models

from pipeline_crm.foundation.append_only import CurrentTransaction, XidField
from pipeline_crm.foundation.append_only_sql import touched, undo_touched


class Migration(migrations.Migration):
    dependencies = [("deals", "0003_guards")]
    operations = [
        migrations.AddField("deal", "touched", XidField(db_default=CurrentTransaction(), editable=False)),
        migrations.AddIndex("deal", models.Index(fields=["touched"], name="deal_touched")),
        migrations.RunSQL(touched("deals_deal"), undo_touched("deals_deal")),
    ]
