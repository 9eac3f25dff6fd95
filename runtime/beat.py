"""The process that rings regularly: `celery -A runtime.beat beat`. It knows names, not the work."""

from runtime.celery_app import celery_app
from services.kit import logs
from services.kit.config import Settings

_settings = Settings()
logs.configure(_settings.log_level, _settings.log_format, "beat")
app = celery_app(_settings)
app.conf.imports = ()
app.conf.beat_schedule = {
    "scan": {"task": "runtime.advance", "schedule": 5.0, "options": {"expires": 5}},
    "scan-media": {"task": "runtime.advance_media", "schedule": 5.0, "options": {"expires": 5}},
    "chats": {"task": "runtime.look_after_chats", "schedule": 60.0, "options": {"expires": 50}},
}
