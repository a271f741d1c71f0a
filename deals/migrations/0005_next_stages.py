from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deals", "0004_touched")]
    operations = [
        migrations.AddField(
            "stage",
            "next_stages",
            models.ManyToManyField(blank=True, related_name="previous_stages", to="deals.stage"),
        ),
    ]
