"""GET / shows the newest notes, POST / adds one. Every page says which instance made it."""

import os

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from notes.forms import NoteForm
from notes.models import Note


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    form = NoteForm(request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            form.save()
            return redirect("board")
        return _page(request, form)
    except OperationalError:
        # 503 makes the balancer ask once more; by then the database may be back.
        return HttpResponse("The database does not answer.", status=503, headers={"Retry-After": "1"})


def healthz(_request: HttpRequest) -> JsonResponse:
    """This process is alive. It does not ask the database: without one, no instance is better than another."""
    return JsonResponse({"status": "alive"})


def _page(request: HttpRequest, form: NoteForm) -> HttpResponse:
    shown = {
        "form": form,
        "notes": Note.objects.all()[:20],
        "instance_id": os.environ.get("EVENLY_INSTANCE_ID", "unknown"),
    }
    return render(request, "notes/board.html", shown, status=422 if form.errors else 200)
