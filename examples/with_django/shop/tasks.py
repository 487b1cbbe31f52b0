"""What a worker does."""

from datetime import timedelta

import django
from django.core.mail import send_mail
from django.utils import timezone

from lazyjobs.integrations.django import retries

from .models import Order

if django.VERSION >= (6, 0):
    from django.tasks import task
else:
    from django_tasks import task


@task(queue_name="mail")  # type: ignore[untyped-decorator]
@retries(delay=lambda attempt: timedelta(minutes=attempt))
def send_receipt(order_id: int) -> None:
    """Mails the receipt once, however often it runs; a mail may go twice if the process dies in between."""
    order = Order.objects.get(id=order_id)
    if order.receipt_sent_at is None:
        send_mail(f"Your order {order.id}", "Thank you.", "shop@example.org", [order.customer])
        order.receipt_sent_at = timezone.now()
        order.save()
