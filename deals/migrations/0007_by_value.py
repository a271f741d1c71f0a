from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deals", "0006_marketing_allowed")]

    operations = [
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                models.F("pipeline"),
                models.OrderBy(models.F("base_amount"), descending=True, nulls_last=True),
                models.F("id"),
                include=("stage",),
                name="deal_by_value",
            ),
        ),
    ]
