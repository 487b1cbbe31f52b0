"""The first tables."""

from django.db import migrations, models


class Migration(migrations.Migration):  # type: ignore[misc]
    """Orders."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.EmailField(max_length=254)),
                ("receipt_sent_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
