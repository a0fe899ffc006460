"""What run_blocks.py takes for a command, an output, and a document that nobody could test."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import run_blocks
from run_blocks import Command, Refused, SourceFile, difference, matches, steps_of


class Documents(unittest.TestCase):
    def test_commands_have_their_outputs(self):
        steps, left_out = steps_of("text\n```console\n$ a \\\n  b\nout\n$ cat <<'END'\n$ in\nEND\n```\n```cpp\nx\n```\n")
        self.assertEqual(steps, [Command(3, "a \\\n  b", "out\n"), Command(6, "cat <<'END'\n$ in\nEND", "")])
        self.assertEqual(left_out, [])

    def test_marked_blocks_are_files_or_left_out(self):
        steps, left_out = steps_of("<!-- file: a.cpp -->\n```cpp\nint a;\n```\n\n<!-- not run here: takes long -->\n\n```sh\nb\n```\n")
        self.assertEqual(steps, [SourceFile(2, "a.cpp", "int a;\n")])
        self.assertEqual([block.value for block in left_out], ["takes long"])

    def test_commands_that_would_not_run_are_refused(self):
        for document in ("```sh\na\n```", "```\na\n```", "```bash\na\n```", "```text\n$ a\n```", "* a\n  ```console\n  $ a\n  ```",
                         "```console\na\n```", "```console\n```", "```console\n$ a \\\n```", "```console\n$ cat <<END\n```",
                         "```console\n$ a\n", "<!-- not run here: why -->\ntext\n", "<!-- file: a -->\n"):
            with self.subTest(document), self.assertRaises(Refused):
                steps_of(document)

    def test_outputs_are_compared(self):
        self.assertTrue(matches("in 1.5 ms (cpu)\n", "in … ms (cpu)\n\n"))
        self.assertFalse(matches("in 1.5 ms (gpu)\n", "in … ms (cpu)\n"))
        self.assertFalse(matches("in 1.5 ms (cpu)\nmore\n", "in … ms (cpu)\n"))
        self.assertTrue(matches("a\nb\nc\n", "a\n…"))
        self.assertTrue(matches("", ""))

    def test_exit_codes_are_compared(self):
        self.assertIsNone(difference(Command(1, "a", "error: no\n"), "error: no\n", 1))
        self.assertIsNotNone(difference(Command(1, "a", "error: no\n"), "error: no\n", 0))
        self.assertIsNotNone(difference(Command(1, "a", "out\n"), "out\n", 1))
        self.assertIn("+b", difference(Command(1, "a", "a\n"), "b\n", 0))


class Runs(unittest.TestCase):
    def run_document(self, text):
        with run_blocks.tempfile.TemporaryDirectory() as root:
            document = Path(root) / "document.md"
            document.write_text(text)
            build = Path(root) / "build"
            build.mkdir()
            return run_blocks.run(document, build, Path(root), 20)

    def test_a_document_is_one_shell(self):
        self.assertEqual(self.run_document(
            "<!-- file: a/b -->\n```text\nfirst\n```\n```console\n$ cat a/b; x=1\nfirst\n```\n```console\n$ echo $x\n1\n$ ls data/*test.csv\n…\n```\n"
            "<!-- file: a/b -->\n```text\nsecond\n```\n```console\n$ cat a/b\nsecond\n```\n"), [])

    def test_what_differs_is_named(self):
        wrong = self.run_document("```console\n$ echo a\nb\n$ false\n```\n")
        self.assertEqual(len(wrong), 2)
        self.assertIn("document.md:2: $ echo a\n", wrong[0])
        self.assertIn("exit code 1", wrong[1])

    def test_a_shell_that_ends_is_an_error(self):
        self.assertIn("the shell ended", self.run_document("```console\n$ exit 0\n$ echo a\na\n```\n")[0])


if __name__ == "__main__":
    unittest.main()
