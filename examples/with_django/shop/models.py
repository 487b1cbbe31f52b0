"""What is stored."""

from django.db import models


class Order(models.Model):  # type: ignore[misc]
    """What somebody bought."""

    customer = models.EmailField()
    receipt_sent_at = models.DateTimeField(null=True)
