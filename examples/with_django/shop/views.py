"""What a browser asks for."""

from functools import partial

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .models import Order
from .tasks import send_receipt


@csrf_exempt  # type: ignore[untyped-decorator]
@require_POST  # type: ignore[untyped-decorator]
@transaction.atomic  # type: ignore[untyped-decorator]
def place(request: HttpRequest) -> JsonResponse:
    """Stores an order; its receipt is enqueued once the order is committed, or not at all."""
    order = Order.objects.create(customer=request.POST["customer"])
    transaction.on_commit(partial(send_receipt.enqueue, order.id))
    return JsonResponse({"order": order.id}, status=202)


def show(_: HttpRequest, id: int) -> JsonResponse:
    """Tells whether the receipt was sent."""
    order = get_object_or_404(Order, id=id)
    return JsonResponse({"order": order.id, "receipt_sent_at": order.receipt_sent_at})
