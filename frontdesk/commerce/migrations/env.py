"""Runs the migrations on the connection that `open_database` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,
    version_table="desk_version",  # may share a database with the demo shop
)
with context.begin_transaction():
    context.run_migrations()
