from django.db import migrations

from pipeline_crm.foundation.append_only_sql import erasable, undo_erasable

WORDS = {
    "deals_dealamendment": (["reason"], "true"),
    "deals_dealchange": (["before", "after"], "OLD.field IN ('title', 'tags', 'competitor', 'concerns')"),
}


class Migration(migrations.Migration):
    """Of whoever is erased, the words in the logs may become "erased", and nothing else."""

    dependencies = [("deals", "0008_retries")]
    operations = [
        migrations.AlterModelOptions(name="dealactivity", options={"verbose_name_plural": "activities with sales"}),
        *[
            migrations.RunSQL(erasable(table, columns, only=only), undo_erasable(table))
            for table, (columns, only) in WORDS.items()
        ],
    ]
