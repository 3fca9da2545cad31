"""The same todos in Django REST framework, in the style of its tutorial: a viewset, a serializer, simplejwt."""

import os
import uuid
from datetime import timedelta
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["DATABASE_PATH"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"},
        }
    },
    # The default of five minutes is shorter than a run.
    SIMPLE_JWT={"ACCESS_TOKEN_LIFETIME": timedelta(days=1)},
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django's models come after its settings
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.pagination import PageNumberPagination  # noqa: E402
from rest_framework.routers import SimpleRouter  # noqa: E402
from rest_framework.viewsets import ModelViewSet  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView  # noqa: E402


class Todo(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    title = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    completed = models.BooleanField(default=False)
    priority = models.CharField(max_length=6, choices=[(name, name) for name in ("low", "medium", "high")])
    tags = models.JSONField(default=list)
    due_date = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "benchmark"
        indexes = (models.Index(fields=["owner", "completed", "created_at"], name="todo_list"),)

    def __str__(self) -> str:
        return str(self.title)


class TodoSerializer(serializers.ModelSerializer):
    class Meta:
        model = Todo
        exclude = ("owner",)


class Pages(PageNumberPagination):
    page_size_query_param = "limit"


class TodoViewSet(ModelViewSet):
    serializer_class = TodoSerializer
    pagination_class = Pages

    def get_queryset(self) -> Any:
        wanted = Todo.objects.filter(owner=self.request.user).order_by("-created_at")
        completed = self.request.query_params.get("completed")
        return wanted if completed is None else wanted.filter(completed=completed == "true")

    def perform_create(self, serializer: Any) -> None:
        serializer.save(owner=self.request.user)


router = SimpleRouter(trailing_slash=False)
router.register("todos", TodoViewSet, "todo")
urlpatterns = [path("login", TokenObtainPairView.as_view()), path("", include(router.urls))]

call_command("migrate", verbosity=0)
if Todo._meta.db_table not in connection.introspection.table_names():
    with connection.schema_editor() as editor:
        editor.create_model(Todo)
    User.objects.create_user(os.environ["BENCHMARK_USER"], password=os.environ["BENCHMARK_PASSWORD"])
connection.close()
app = get_asgi_application()
