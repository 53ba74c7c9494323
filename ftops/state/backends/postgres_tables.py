"""The tables of ftops in a PostgreSQL database: made when first needed, or by an administrator."""

from __future__ import annotations

import re

from psycopg import errors

from ftops.errors import StateError
from ftops.state.backends.postgres_connection import Connection

SCHEMA = 1
"""Which tables these are; the comment of `ftops_state` says it, for a later ftops to change them."""

TABLES = f"""\
CREATE SEQUENCE IF NOT EXISTS ftops_state_version;
CREATE TABLE IF NOT EXISTS ftops_state (
    project text PRIMARY KEY,
    version bigint NOT NULL,
    data bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS ftops_state_history (
    project text NOT NULL,
    version bigint NOT NULL,
    data bytea NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (project, version));
CREATE TABLE IF NOT EXISTS ftops_state_lock (
    project text PRIMARY KEY,
    backend_pid int,
    backend_start timestamptz,
    words text);
ALTER TABLE ftops_state ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE ftops_state_history ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE ftops_state IS 'ftops state, schema {SCHEMA}';
"""
"""What an administrator runs where the role of ftops may make no tables."""

GRANTS = """\
GRANT SELECT, INSERT, UPDATE ON ftops_state TO role;
GRANT SELECT, INSERT, DELETE ON ftops_state_history TO role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ftops_state_lock TO role;
GRANT USAGE ON SEQUENCE ftops_state_version TO role;
"""
"""What the role of ftops needs then; for one that only plans, SELECT is enough."""

_RIGHTS = [
    f"{table}:{right}"
    for rights, table in re.findall(r"GRANT (.*) ON (ftops_\w+)", GRANTS)
    for right in rights.split(", ")
]

_ONE_AT_A_TIME = 4_903_815_077_316_402
"""The advisory lock under which tables are made: two first runs must not make them at once."""

_FOUND = """
SELECT obj_description(to_regclass('ftops_state'), 'pg_class'),
    to_regclass('ftops_state_version') IS NOT NULL AND to_regclass('ftops_state') IS NOT NULL
    AND to_regclass('ftops_state_history') IS NOT NULL AND to_regclass('ftops_state_lock') IS NOT NULL
"""

_HIDDEN = r"""
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'ftops_state' AND NOT has_schema_privilege(n.oid, 'USAGE') AND (n.nspname = current_user
    OR n.nspname = ANY (regexp_split_to_array(replace(current_setting('search_path'), '"', ''), '\s*,\s*')))
"""
"""PostgreSQL passes over a schema that the role may not use, as if the state were not there."""

_UNFIT = """
SELECT CASE WHEN pg_is_in_recovery() THEN 'the server is a replica, which is read only'
    WHEN current_setting('default_transaction_read_only') = 'on' THEN 'default_transaction_read_only is on'
    WHEN NOT %(made)s AND current_schema() IS NULL THEN 'the role may use no schema of its search_path'
    WHEN NOT %(made)s AND NOT has_schema_privilege(current_schema(), 'CREATE')
        THEN 'the role may not create tables in the schema ' || current_schema() END
"""

_MISSING = """
SELECT string_agg(p || ' on ' || t, ', ') FROM (SELECT split_part(n, ':', 1), split_part(n, ':', 2)
    FROM unnest(%s::text[]) AS n) AS needed (t, p)
WHERE NOT CASE t WHEN 'ftops_state_version' THEN has_sequence_privilege(t, p)
    ELSE has_table_privilege(t, p) END
"""


class Tables:
    """Looks for the tables once, and makes them. Its methods raise StateError and psycopg.Error."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._made = False

    def make(self, connection: Connection) -> None:
        """Make what is missing; two first runs at once make it once."""
        if self._made:
            return
        if not self._found(connection):
            self.refuse_if_hidden(connection)
            try:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
                    connection.execute(TABLES)
            except (errors.InsufficientPrivilege, errors.InvalidSchemaName) as error:
                raise StateError(
                    f"cannot create the tables for the state {self._location}: this role may not",
                    hint="let an administrator GRANT CREATE ON SCHEMA to it, or create them as "
                    "docs/reference/state-backends.md shows",
                ) from error
        self._made = True

    def refuse_if_hidden(self, connection: Connection) -> None:
        """Tell a state that is not there from one that the role may not see."""
        row = connection.execute(_HIDDEN).fetchone()
        if row is not None:
            raise StateError(
                f"the state {self._location} is in the schema {row[0]}, which this role may not use",
                hint=f"let an administrator GRANT USAGE ON SCHEMA {row[0]} to it",
            )

    def unfit(self, connection: Connection) -> str | None:
        """Say why a write would fail; writes nothing."""
        made = self._found(connection)
        row = connection.execute(_UNFIT, {"made": made}).fetchone()
        if row and row[0]:
            return str(row[0])
        missing = connection.execute(_MISSING, [_RIGHTS]).fetchone() if made else None
        return f"the role lacks {missing[0]}" if missing and missing[0] else None

    def _found(self, connection: Connection) -> bool:
        row = connection.execute(_FOUND).fetchone() or (None, False)
        schema = re.search(r"schema (\d+)", row[0] or "")
        if schema and int(schema[1]) > SCHEMA:
            raise StateError(
                f"the tables of {self._location} were made by a newer ftops (schema {schema[1]})",
                hint="upgrade ftops",
            )
        return bool(row[1])
