"""Links out of docs/: where the site has what they lead to, and what is said where they lead nowhere. Needs MkDocs."""

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "docs/site"))
import hooks
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files


class Links(unittest.TestCase):
    def setUp(self):
        self.config = load_config(str(REPOSITORY / "mkdocs.yml"))
        self.config.plugins._current_plugin = "test"  # MkDocs sets it around each call of a hook

    def site_of(self, markdown):
        """The files of a site that has one page, guides/page.md."""
        page = File.generated(self.config, "guides/page.md", content=markdown)
        return page, hooks.on_files(Files([page]), config=self.config)

    def rewritten(self, markdown):
        page, files = self.site_of(markdown)
        return hooks.on_page_markdown(markdown, page=SimpleNamespace(file=page), config=self.config, files=files)

    def test_links_lead_to_pages_and_copies(self):
        for link, target in (
            ("../../README.md", "../index.md"),
            ("../../README.md#usage", "../index.md#usage"),
            ("../cuda.md#gpu-check", "../cuda.md#gpu-check"),
            ("../../wit/", "../contract.md"),
            ("../adr/", "../adr/index.md"),
            ("../../scripts/demo", "../source/scripts/demo.txt"),
            ("../../examples/embed/", "../source/examples/embed/index.md"),
            ("https://wasmtime.dev/", "https://wasmtime.dev/"),
            ("#here", "#here"),
        ):
            with self.subTest(link):
                self.assertEqual(self.rewritten(f"[a]({link})"), f"[a]({target})")

    def test_what_is_linked_is_in_the_site(self):
        _, files = self.site_of("[a](../../scripts/demo) [b](../../examples/embed/)")
        copy = files.get_file_from_path("source/scripts/demo.txt")
        self.assertEqual(copy.content_bytes, (REPOSITORY / "scripts/demo").read_bytes())
        self.assertIn("[`relu.wat`](relu.wat.txt)", files.get_file_from_path("source/examples/embed/index.md").content_string)
        self.assertIsNotNone(files.get_file_from_path("source/examples/embed/relu.wat.txt"))

    def test_links_to_nothing_are_named(self):
        for link in ("../../nothing.cpp", "../nothing.cpp/../../nothing", "../../build/release/wasmtime-gpu-host", "../../../outside"):
            with self.subTest(link), self.assertLogs("mkdocs.hooks.site", "WARNING") as logs:
                self.site_of(f"[a]({link})")
            self.assertIn("guides/page.md", logs.output[-1])
            self.assertIn(link, logs.output[-1])

    def test_code_has_no_links(self):
        with self.assertNoLogs("mkdocs.hooks.site", "WARNING"):
            self.site_of("```cpp\na[0](../../nothing);\n```\n`a[0](../../nothing)`\n")

    def test_bars_in_tables_of_code_lose_what_github_wants_before_them(self):
        self.assertEqual(self.rewritten(r"| `a\|b` | c\|d |"), r"| `a|b` | c\|d |")


if __name__ == "__main__":
    unittest.main()
