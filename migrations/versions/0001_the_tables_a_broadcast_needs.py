"""the tables a broadcast needs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kit import db as kit_db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "early_acks",
        sa.Column("device_id", kit_db.Id, autoincrement=False, nullable=False),
        sa.Column("wa_msg_id", kit_db.Word(100), nullable=False),
        sa.Column("ack_level", sa.SmallInteger(), nullable=False),
        sa.Column("seen_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "wa_msg_id", name=op.f("pk_early_acks")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("early_acks", schema=None) as batch_op:
        batch_op.create_index("ix_early_acks_seen_at", ["seen_at"], unique=False)

    op.create_table(
        "flow_runs",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("flow_version_id", kit_db.Id, nullable=False),
        sa.Column("campaign_id", kit_db.Id, nullable=True),
        sa.Column("campaign_log_id", kit_db.Id, nullable=True),
        sa.Column("parent_id", kit_db.Id, nullable=True),
        sa.Column("item_key", kit_db.Word(80), nullable=True),
        sa.Column("trigger", kit_db.Word(40), nullable=False),
        sa.Column("dedupe_key", kit_db.Word(120), nullable=True),
        sa.Column("mode", kit_db.Word(10), nullable=False),
        sa.Column("kind", kit_db.Word(12), nullable=False),
        sa.Column("seed", kit_db.Word(40), nullable=False),
        sa.Column("identity_id", kit_db.Id, nullable=True),
        sa.Column("status", kit_db.Word(10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("desired_state", kit_db.Word(10), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("queue", kit_db.Word(12), nullable=False),
        sa.Column("cursor", kit_db.Json, nullable=True),
        sa.Column("state", kit_db.Json, nullable=True),
        sa.Column("signal", kit_db.Json, nullable=True),
        sa.Column("wake_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("wait_key", kit_db.Word(120), nullable=True),
        sa.Column("lease_token", kit_db.Word(32), nullable=True),
        sa.Column("lease_until", kit_db.UtcDateTime(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("trace", kit_db.Json, nullable=True),
        sa.Column("counts", kit_db.Json, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("started_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("finished_at", kit_db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_runs")),
        sa.UniqueConstraint("parent_id", "item_key", name=op.f("uq_flow_runs_parent_id_item_key")),
        sa.UniqueConstraint(
            "tenant_id", "dedupe_key", name=op.f("uq_flow_runs_tenant_id_dedupe_key")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("flow_runs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_flow_runs_due", ["status", "queue", "wake_at", "id"], unique=False
        )
        batch_op.create_index("ix_flow_runs_lease", ["status", "lease_until"], unique=False)
        batch_op.create_index(
            "ix_flow_runs_parent_id_status", ["parent_id", "status"], unique=False
        )
        batch_op.create_index(
            "ix_flow_runs_tenant_due",
            ["tenant_id", "status", "priority", "wake_at", "id"],
            unique=False,
        )
        batch_op.create_index("ix_flow_runs_wait_key", ["wait_key"], unique=False)

    op.create_table(
        "idempotency_keys",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("key", kit_db.Word(100), nullable=False),
        sa.Column("body_hash", kit_db.Word(64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("response", kit_db.Json, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_idempotency_keys_tenant_id_key")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "installation",
        sa.Column("id", kit_db.Id, autoincrement=False, nullable=False),
        sa.Column("install_id", kit_db.Word(40), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("counted_at", kit_db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "outbox_events",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("name", kit_db.Word(60), nullable=False),
        sa.Column("payload", kit_db.Json, nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("done_at", kit_db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_events")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("outbox_events", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_events_done_at_id", ["done_at", "id"], unique=False)

    op.create_table(
        "rotation_turns",
        sa.Column("tenant_id", kit_db.Id, autoincrement=False, nullable=False),
        sa.Column("key", kit_db.Word(120), nullable=False),
        sa.Column("next_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_rotation_turns")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "schedule_fires",
        sa.Column("job", kit_db.Word(80), nullable=False),
        sa.Column("due_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("fired_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", "due_at", name=op.f("pk_schedule_fires")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tenant_turns",
        sa.Column("tenant_id", kit_db.Id, autoincrement=False, nullable=False),
        sa.Column("last_served_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant_turns")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tenants",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("zone", kit_db.Word(40), nullable=False),
        sa.Column("owner_phone", kit_db.Word(20), nullable=True),
        sa.Column("profile", kit_db.Json, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "waha_servers",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("base_url", kit_db.Word(300), nullable=False),
        sa.Column("api_key_sealed", kit_db.Word(500), nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), nullable=False),
        sa.Column("capabilities", kit_db.Json, nullable=False),
        sa.Column("checked_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waha_servers")),
        sa.UniqueConstraint("base_url", name=op.f("uq_waha_servers_base_url")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("device_id", kit_db.Id, nullable=False),
        sa.Column("event_id", kit_db.Word(80), nullable=False),
        sa.Column("type", kit_db.Word(40), nullable=False),
        sa.Column(
            "raw",
            sa.LargeBinary()
            .with_variant(mysql.MEDIUMBLOB(), "mariadb")
            .with_variant(mysql.MEDIUMBLOB(), "mysql"),
            nullable=False,
        ),
        sa.Column("state", kit_db.Word(10), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("lease_token", kit_db.Word(32), nullable=True),
        sa.Column("lease_until", kit_db.UtcDateTime(), nullable=True),
        sa.Column("received_at", kit_db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint(
            "device_id", "event_id", name=op.f("uq_webhook_events_device_id_event_id")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_events_state_lease_until_id", ["state", "lease_until", "id"], unique=False
        )

    op.create_table(
        "blacklist",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("phone", kit_db.Word(40), nullable=False),
        sa.Column("reason", kit_db.Word(20), nullable=False),
        sa.Column("source_message", sa.Text(), nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_blacklist_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blacklist")),
        sa.UniqueConstraint("tenant_id", "phone", name=op.f("uq_blacklist_tenant_id_phone")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("blacklist", schema=None) as batch_op:
        batch_op.create_index("ix_blacklist_phone", ["phone"], unique=False)

    op.create_table(
        "campaigns",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("flow_version_id", kit_db.Id, nullable=True),
        sa.Column("params", kit_db.Json, nullable=False),
        sa.Column("message_template", sa.Text(), nullable=False),
        sa.Column("media_url", sa.String(length=500), nullable=True),
        sa.Column("media_type", kit_db.Word(20), nullable=True),
        sa.Column("target_tags", kit_db.Json, nullable=False),
        sa.Column("limits", kit_db.Json, nullable=False),
        sa.Column("seed", kit_db.Word(40), nullable=False),
        sa.Column("run_id", kit_db.Id, nullable=True),
        sa.Column("status", kit_db.Word(20), nullable=False),
        sa.Column("status_reason", sa.String(length=200), nullable=True),
        sa.Column("pass_no", sa.SmallInteger(), nullable=False),
        sa.Column("skip_missing", sa.Boolean(), nullable=False),
        sa.Column("target_count", sa.Integer(), nullable=False),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("delay_min", sa.Integer(), nullable=False),
        sa.Column("delay_max", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("started_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("completed_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("created_by", kit_db.Id, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_campaigns_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index("ix_campaigns_status", ["status"], unique=False)
        batch_op.create_index("ix_campaigns_tenant_id", ["tenant_id"], unique=False)

    op.create_table(
        "contact_tags",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("color", kit_db.Word(7), nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_contact_tags_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tags")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_contact_tags_tenant_id_name")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "contacts",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("phone", kit_db.Word(20), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=100), nullable=True),
        sa.Column("metadata", kit_db.Json, nullable=False),
        sa.Column("zone", kit_db.Word(40), nullable=True),
        sa.Column("last_device_id", kit_db.Id, nullable=True),
        sa.Column("last_inbound_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_contacts_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("tenant_id", "phone", name=op.f("uq_contacts_tenant_id_phone")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index("ix_contacts_phone", ["phone"], unique=False)
        batch_op.create_index("ix_contacts_source", ["source"], unique=False)

    op.create_table(
        "devices",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("server_id", kit_db.Id, nullable=False),
        sa.Column("session_name", kit_db.Word(54), nullable=False),
        sa.Column("phone_number", kit_db.Word(20), nullable=True),
        sa.Column("display_name", sa.String(length=100), nullable=True),
        sa.Column("status", kit_db.Word(20), nullable=False),
        sa.Column("status_since", kit_db.UtcDateTime(), nullable=True),
        sa.Column("health", kit_db.Word(20), nullable=False),
        sa.Column("health_reason", sa.String(length=200), nullable=True),
        sa.Column("health_until", kit_db.UtcDateTime(), nullable=True),
        sa.Column("is_active_for_broadcast", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("pacing", kit_db.Json, nullable=False),
        sa.Column("webhook_key", kit_db.Word(40), nullable=False),
        sa.Column("webhook_secret_sealed", kit_db.Word(300), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("paired_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("deleted_at", kit_db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["waha_servers.id"],
            name=op.f("fk_devices_server_id_waha_servers"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_devices_tenant_id_tenants"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("session_name", name=op.f("uq_devices_session_name")),
        sa.UniqueConstraint("webhook_key", name=op.f("uq_devices_webhook_key")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_devices_tenant_id_deleted_at", ["tenant_id", "deleted_at"], unique=False
        )

    op.create_table(
        "flows",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("slug", kit_db.Word(60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", kit_db.Word(20), nullable=False),
        sa.Column(
            "source",
            sa.Text()
            .with_variant(mysql.MEDIUMTEXT(), "mariadb")
            .with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("published_version_id", kit_db.Id, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_flows_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flows")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_flows_tenant_id_slug")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "imports",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("status", kit_db.Word(20), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("totals", kit_db.Json, nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", kit_db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_imports_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imports_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("email", kit_db.Word(255), nullable=False),
        sa.Column("password_hash", kit_db.Word(255), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("role", kit_db.Word(20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("updated_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_users_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_users_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", kit_db.Word(16), nullable=False),
        sa.Column("key_hash", kit_db.Word(64), nullable=False),
        sa.Column("role", kit_db.Word(20), nullable=False),
        sa.Column("created_by", kit_db.Id, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("last_used_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", kit_db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name=op.f("fk_api_keys_created_by_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_api_keys_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "campaign_logs",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("campaign_id", kit_db.Id, nullable=False),
        sa.Column("contact_id", kit_db.Id, nullable=False),
        sa.Column("phone", kit_db.Word(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", kit_db.Word(12), nullable=False),
        sa.Column("reason", kit_db.Word(60), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("device_id", kit_db.Id, nullable=True),
        sa.Column("message_sent", sa.Text(), nullable=True),
        sa.Column("variant", sa.String(length=200), nullable=True),
        sa.Column("waha_message_id", kit_db.Word(100), nullable=True),
        sa.Column("unconfirmed", sa.Boolean(), nullable=False),
        sa.Column("sent_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("delivered_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("read_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_logs_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_campaign_logs_contact_id_contacts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_campaign_logs_device_id_devices"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_logs")),
        sa.UniqueConstraint(
            "campaign_id", "contact_id", name=op.f("uq_campaign_logs_campaign_id_contact_id")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("campaign_logs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_campaign_logs_campaign_id_status_position",
            ["campaign_id", "status", "position"],
            unique=False,
        )
        batch_op.create_index("ix_campaign_logs_contact_id", ["contact_id"], unique=False)

    op.create_table(
        "contact_identities",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("contact_id", kit_db.Id, nullable=False),
        sa.Column("kind", kit_db.Word(10), nullable=False),
        sa.Column("value", kit_db.Word(40), nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_contact_identities_contact_id_contacts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_contact_identities_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_identities")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "value", name=op.f("uq_contact_identities_tenant_id_kind_value")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("contact_identities", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_identities_contact_id"), ["contact_id"], unique=False
        )

    op.create_table(
        "contact_tag_links",
        sa.Column("contact_id", kit_db.Id, nullable=False),
        sa.Column("tag_id", kit_db.Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_contact_tag_links_contact_id_contacts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["contact_tags.id"],
            name=op.f("fk_contact_tag_links_tag_id_contact_tags"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact_id", "tag_id", name=op.f("pk_contact_tag_links")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("contact_tag_links", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contact_tag_links_tag_id_contact_id", ["tag_id", "contact_id"], unique=False
        )

    op.create_table(
        "device_lanes",
        sa.Column("device_id", kit_db.Id, autoincrement=False, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("due_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("next_broadcast_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("next_any_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("cooldown_until", kit_db.UtcDateTime(), nullable=True),
        sa.Column("cooldown_reason", sa.String(length=200), nullable=True),
        sa.Column("gap_s", sa.Float(), nullable=False),
        sa.Column("resting", sa.Boolean(), nullable=False),
        sa.Column("until_rest", sa.Integer(), nullable=True),
        sa.Column("day", kit_db.Word(10), nullable=False),
        sa.Column("sent_today", sa.Integer(), nullable=False),
        sa.Column("cold_today", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("sent_this_hour", sa.Integer(), nullable=False),
        sa.Column("recent", kit_db.Word(20), nullable=False),
        sa.Column("holder", kit_db.Word(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_device_lanes_device_id_devices"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_device_lanes_tenant_id_tenants"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_lanes")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("device_lanes", schema=None) as batch_op:
        batch_op.create_index("ix_device_lanes_due_at", ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_device_lanes_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "flow_versions",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("flow_id", kit_db.Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", kit_db.Word(64), nullable=False),
        sa.Column(
            "source",
            sa.Text()
            .with_variant(mysql.MEDIUMTEXT(), "mariadb")
            .with_variant(mysql.MEDIUMTEXT(), "mysql"),
            nullable=False,
        ),
        sa.Column("document", kit_db.Json, nullable=False),
        sa.Column("created_by", kit_db.Id, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["flow_id"],
            ["flows.id"],
            name=op.f("fk_flow_versions_flow_id_flows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_versions")),
        sa.UniqueConstraint("flow_id", "number", name=op.f("uq_flow_versions_flow_id_number")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "import_rejections",
        sa.Column("import_id", kit_db.Id, nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", kit_db.Word(60), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.id"],
            name=op.f("fk_import_rejections_import_id_imports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_import_rejections")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "outbound_messages",
        sa.Column("id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("device_id", kit_db.Id, nullable=False),
        sa.Column("origin", kit_db.Word(12), nullable=False),
        sa.Column("kind", kit_db.Word(8), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("campaign_id", kit_db.Id, nullable=True),
        sa.Column("campaign_log_id", kit_db.Id, nullable=True),
        sa.Column("run_id", kit_db.Id, nullable=True),
        sa.Column("node_id", kit_db.Word(40), nullable=False),
        sa.Column("pass_no", sa.SmallInteger(), nullable=False),
        sa.Column("identity_id", kit_db.Id, nullable=True),
        sa.Column("chat_key", kit_db.Word(64), nullable=False),
        sa.Column("is_cold", sa.Boolean(), nullable=False),
        sa.Column("status", kit_db.Word(12), nullable=False),
        sa.Column("reason", kit_db.Word(60), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("ack_level", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_hash", kit_db.Word(32), nullable=False),
        sa.Column("media", kit_db.Json, nullable=True),
        sa.Column("recipe", kit_db.Json, nullable=True),
        sa.Column("variant", sa.String(length=200), nullable=True),
        sa.Column("link_preview", sa.Boolean(), nullable=False),
        sa.Column("typing_s", sa.Float(), nullable=False),
        sa.Column("gap_min_s", sa.Float(), nullable=False),
        sa.Column("gap_max_s", sa.Float(), nullable=False),
        sa.Column("wa_msg_id", kit_db.Word(100), nullable=True),
        sa.Column("wa_id_ours", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempt_token", kit_db.Word(32), nullable=True),
        sa.Column("slot_held", sa.Boolean(), nullable=False),
        sa.Column("not_before", kit_db.UtcDateTime(), nullable=False),
        sa.Column("due_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("rendered_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("sending_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("ambiguous_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column("reconcile_after", kit_db.UtcDateTime(), nullable=True),
        sa.Column("lookups", sa.SmallInteger(), nullable=False),
        sa.Column("resends", sa.SmallInteger(), nullable=False),
        sa.Column("evidence", kit_db.Json, nullable=True),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("sent_at", kit_db.UtcDateTime(), nullable=True),
        sa.Column(
            "device_slot",
            kit_db.Id,
            sa.Computed(
                "CASE WHEN status = 'SENDING' OR (status = 'AMBIGUOUS' AND slot_held = 1) THEN device_id END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name=op.f("fk_outbound_messages_device_id_devices"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_messages")),
        sa.UniqueConstraint(
            "campaign_id",
            "identity_id",
            "node_id",
            "pass_no",
            name=op.f("uq_outbound_messages_campaign_id_identity_id_node_id_pass_no"),
        ),
        sa.UniqueConstraint(
            "device_id", "wa_msg_id", name=op.f("uq_outbound_messages_device_id_wa_msg_id")
        ),
        sa.UniqueConstraint("device_slot", name=op.f("uq_outbound_messages_device_slot")),
        sa.UniqueConstraint(
            "run_id", "node_id", "pass_no", name=op.f("uq_outbound_messages_run_id_node_id_pass_no")
        ),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("outbound_messages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbound_messages_campaign_id_status", ["campaign_id", "status"], unique=False
        )
        batch_op.create_index(
            "ix_outbound_messages_lane",
            ["device_id", "status", "priority", "not_before", "id"],
            unique=False,
        )
        batch_op.create_index("ix_outbound_messages_sent_at", ["sent_at"], unique=False)
        batch_op.create_index(
            "ix_outbound_messages_settle", ["status", "reconcile_after"], unique=False
        )

    op.create_table(
        "sessions",
        sa.Column("id", kit_db.Word(40), nullable=False),
        sa.Column("user_id", kit_db.Id, nullable=False),
        sa.Column("tenant_id", kit_db.Id, nullable=False),
        sa.Column("created_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("expires_at", kit_db.UtcDateTime(), nullable=False),
        sa.Column("revoked_at", kit_db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_sessions_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_unicode_520_ci",
        mariadb_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(
            "ix_sessions_user_id_revoked_at", ["user_id", "revoked_at"], unique=False
        )
