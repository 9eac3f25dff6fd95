"""Settings, read once where a process starts, and handed down as values."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting, from the environment (`ALIR_...`) or `.env`. Each has a safe default."""

    model_config = SettingsConfigDict(env_prefix="ALIR_", env_file=".env", extra="ignore")

    environment: Literal["development", "test", "production"] = "development"
    var: Path = Field(Path("var"), description="Where the embedded database, keys and logs live.")
    database_url: str = Field("", description="Empty: SQLite in the var folder.")
    redis_url: str = Field("", description="Empty: a child Valkey on a unix socket in var.")
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = Field("", description="Address people and WAHA reach the API under.")
    time_scale: float = Field(1.0, gt=0, description="Only for tests and the demo.")
    shortest_call_s: float = Field(
        5.0, gt=0, description="Only for tests: no scaled time-out of a send is shorter."
    )
    min_any_gap_s: float = Field(1.0, ge=0)
    log_level: str = "INFO"
    log_format: Literal["text", "json"] = "text"
    jwt_secret: str = Field("", description="Empty: made once in the var folder.")
    seal_keys: str = Field("", description="Fernet keys, newest first; empty: a file in var.")
    media_root: str = Field("", description="Empty: media in the var folder; shared by all hosts.")
    media_quota_mb: int = Field(1024, ge=1, description="What the files of one account may take.")
    ocr_url: str = Field("http://127.0.0.1:5000", description="The program that reads images.")
    waha_url: str = "http://127.0.0.1:3000"
    waha_api_key: str = ""
    waha_is_sandbox: bool = False
    database_pool: int = Field(8, ge=2, le=100)
    worker_index: int = 0
    allow_failpoints: bool = False

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite:///{(self.var / 'alir.db').resolve()}"

    @property
    def redis(self) -> str:
        """Redis's address; a unix socket of the embedded one by default."""
        return self.redis_url or f"unix://{(self.var / 'valkey' / 'valkey.sock').resolve()}"

    @property
    def media(self) -> Path:
        """Root of the media files, a folder a tenant below it."""
        return Path(self.media_root) if self.media_root else self.var / "media"

    @property
    def api_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
