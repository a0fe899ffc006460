"""Pictures of tables."""

import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs/site"))
import charts

TABLE = ["| workload | ours | a | b |", "|---|--:|--:|--:|", "| x | 2.0 | 4.0 (2.1 ×) | > 10 s |", "| y | 0.5 ms / 1 µs | 250 µs |  |", "| z | 1 |  |  |"]


class Charts(unittest.TestCase):
    def test_ratios_are_those_of_the_first_times(self):
        self.assertEqual(charts.ratios(TABLE, ["a", "b"], "ours"),
                         [("x", [("a", 2.1, False), ("b", 5.0, True)]), ("y", [("a", 0.5, False)])])

    def test_scale_has_one_and_all_bars(self):
        self.assertEqual(charts.scale([("x", [("a", 3.0, False), ("b", 44.0, False)])]), (1.0, 50.0, [1, 2, 5, 10, 20, 50]))
        self.assertEqual(charts.scale([("x", [("a", 0.4, False)])]), (0.2, 2.0, [0.2, 0.5, 1, 2]))

    def test_picture_stands_before_its_table(self):
        changed = charts.add_to("\n".join(["text", "<!-- chart: a, b over ours: A < B -->", *TABLE, "text"]))
        figure, _, rest = changed.partition("</figure>")
        picture = ElementTree.fromstring(figure.partition("text\n")[2] + "</figure>")
        self.assertEqual(picture.find("svg/title").text, "A < B")
        self.assertEqual(len(picture.findall("svg/rect")), 2 + 3)  # legend, bars
        self.assertEqual([shape.text for shape in picture.findall("svg/text") if "×" in shape.text], ["2.1 ×", "> 5 ×", "0.5 ×"])
        self.assertNotIn("\n\n", figure.partition("<figure")[2])  # else Markdown would end it there
        self.assertTrue(rest.strip().startswith("| workload"))

    def test_wrong_marks_are_errors(self):
        for mark in ("<!-- chart: a over ours -->", "<!-- chart: c over ours: Title -->", "<!-- chart: a over theirs: Title -->"):
            with self.subTest(mark), self.assertRaises(charts.Error):
                charts.add_to("\n".join([mark, *TABLE]))
        with self.assertRaises(charts.Error):
            charts.add_to("<!-- chart: a over ours: Title -->\n\n" + "\n".join(TABLE))


if __name__ == "__main__":
    unittest.main()
