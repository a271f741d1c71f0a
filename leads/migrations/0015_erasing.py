from django.db import migrations

from pipeline_crm.foundation.append_only_sql import erasable, undo_erasable

WORDS = {
    "leads_leadevent": (["reason"], "true"),
    "leads_leadamendment": (["reason"], "true"),
    "leads_leadchange": (["before", "after"], "OLD.field IN ('title', 'tags')"),
}


class Migration(migrations.Migration):
    """Of whoever is erased, the words in the logs may become "erased", and nothing else."""

    dependencies = [("leads", "0014_handing_over")]
    operations = [
        migrations.AlterModelOptions(
            name="leadactivity", options={"verbose_name_plural": "activities with marketing"}
        ),
        *[
            migrations.RunSQL(erasable(table, columns, only=only), undo_erasable(table))
            for table, (columns, only) in WORDS.items()
        ],
    ]
