"""The contract as a page."""

import re
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "docs/site"))
import contract


class Contract(unittest.TestCase):
    def test_nothing_is_left_out(self):
        page = contract.page(REPOSITORY / "wit/0.2.0")
        for name in contract.INTERFACES:
            lines = (REPOSITORY / f"wit/0.2.0/{name}.wit").read_text().splitlines()
            code = [line.strip() for line in lines if line.strip() and not re.match(r"package|interface|  use|\s*///|}", line)]
            self.assertGreater(len(code), 20)
            for line in code:
                self.assertIn(line, page)

    def test_world_has_these_interfaces(self):
        imported = re.findall(r"import ([\w-]+);", (REPOSITORY / "wit/0.2.0/world.wit").read_text())
        self.assertEqual(tuple(imported), contract.INTERFACES)

    def test_documentation_is_text(self):
        self.assertEqual(contract.prose(["a * b < `c * d`", "(docs/forest.md)"]), r"a \* b \< `c * d` ([forest.md](forest.md))")

    def test_items_have_headings(self):
        body = "  /// What it is.\n  record a-b {\n    c: u32,\n  }\n\n  sync: func();"
        self.assertEqual(list(contract.items_of(body)), [(["What it is."], "record a-b {\n  c: u32,\n}"), ([], "sync: func();")])
        self.assertEqual(contract.heading_of("record a-b {"), "a-b")
        self.assertEqual(contract.heading_of("sync: func();"), "sync")


if __name__ == "__main__":
    unittest.main()
