"""Where the views are."""

from django.urls import path

from . import views

urlpatterns = [
    path("orders", views.place),
    path("orders/<int:id>", views.show),
]
