from django.db import models


class Recollection(models.Model):
    """What a forecast as of a past evening came to, so that it need not be worked out again.

    A copy, written by `sources.recollections`; it may be thrown away at any time. place: whose it is, which evening,
    and what was asked; key: how it is worked out, and all that was known on that evening: only while this is the same
    is it true.
    """

    pipeline = models.ForeignKey("deals.Pipeline", on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=32)
    key = models.CharField(max_length=32)
    data = models.BinaryField()
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "place"], name="recollection_one_of_each"),
        ]

    def __str__(self):
        return f"{self.place} {self.key}"
