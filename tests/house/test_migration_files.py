"""Migrations are one line, each file named by its revision: the newest file is the newest schema."""

from __future__ import annotations

import pathlib
import re

from alembic.config import Config
from alembic.script import ScriptDirectory

from market.migrations.upgrade import newest

MIGRATIONS = pathlib.Path("market/migrations")


def test_the_files_are_one_line_in_the_order_of_their_names() -> None:
    before = None
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*_*.py")):
        text = path.read_text("utf-8")
        revision = re.search(r'^revision = "(\d{4})"$', text, re.MULTILINE)
        down = re.search(r'^down_revision = (?:"(\d{4})"|None)$', text, re.MULTILINE)

        assert revision is not None, path
        assert down is not None, path
        assert (revision[1], down[1]) == (path.name[:4], before), path
        before = revision[1]

    assert newest() == before


def test_the_newest_file_is_what_is_migrated_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_current_head() == newest()
