"""Write the catalogue as it is published."""

from tests.illegal_writes.catalogue import PUBLISHED, render

if __name__ == "__main__":
    PUBLISHED.write_text(render(), encoding="utf-8")
