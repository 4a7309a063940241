"""The mode of lanes: what is asked for is done, and the report says what was chosen and why. Its
second run, through a layer that makes three queues of one, has queues to choose between."""

import json
import os

from support import DeviceCase, main, tandem

SPLIT = "split_queues" in os.environ.get("VK_INSTANCE_LAYERS", "")


class Lanes(DeviceCase):
    def report(self, *arguments, **options):
        ran = self.render("--report", "report.json", *arguments, **options)
        self.check(ran)
        with open(self.path("report.json"), encoding="utf-8") as file:
            return json.load(file)

    def chosen(self, *arguments, **options):
        return self.report(*arguments, **options)["choices"]["async"]

    def test_off_is_off(self):
        choice = self.chosen("--async", "off")
        self.assertEqual((choice["mode"], choice["measured_ms"]), ("off", None))
        self.assertEqual(choice["reason"], "asked for")

    def test_off_counts_submissions_where_there_is_work(self):
        lanes = self.report("--async", "off", "--views", "4")["lanes"]
        self.assertGreater(lanes["graphics"]["busy_ms"], 0)
        for name, lane in lanes.items():
            self.assertEqual(lane["submissions"] > 0, lane["busy_ms"] > 0, name)

    def test_on_is_on_or_refused(self):
        if not SPLIT:
            self.check(self.render("--async", "on"), 5, "queue")
            return
        report = self.report("--async", "on", "--views", "4")
        self.assertEqual(report["choices"]["async"]["mode"], "on")
        self.assertEqual(report["choices"]["async"]["reason"], "asked for")
        for lane in ("graphics", "compute"):
            self.assertGreater(report["lanes"][lane]["busy_ms"], 0, lane)
            self.assertGreater(report["lanes"][lane]["submissions"], 0, lane)

    def test_auto_says_why(self):
        choice = self.chosen("--views", "3")
        if SPLIT:
            self.assertEqual((choice["mode"], choice["measured_ms"]), ("on", None))
            self.assertIn("being measured", choice["reason"])
        else:
            self.assertEqual((choice["mode"], choice["measured_ms"]), ("off", None))
            self.assertIn("no second queue", choice["reason"])

    def test_auto_measures_both(self):
        if not SPLIT:
            self.skipTest("there is one queue")
        # So large that a submission has one view: each round takes 22 of them, and three are most.
        choice = self.chosen("--views", "90", size="512x512")
        self.assertIn("measured", choice["reason"])
        times = choice["measured_ms"]
        self.assertGreater(times["on"], 0)
        self.assertGreater(times["off"], 0)
        if choice["mode"] == "on":
            self.assertLess(times["on"], times["off"] * 1.02)
        else:
            self.assertLess(times["off"], times["on"])

    def test_doctor_says_which_queue_and_why(self):
        ran = tandem("doctor")
        line = next(text for text in ran.text.splitlines() if text.strip().startswith("compute"))
        self.assertIn("family 1" if SPLIT else "shared with graphics", line)
        self.assertIn("dedicated" if SPLIT else "no second queue", line)


main()
