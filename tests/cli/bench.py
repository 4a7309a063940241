"""tandem bench: names, units and figures that make sense."""

import json

import support
from support import DeviceCase, tandem


class Bench(DeviceCase):
    def test_a_workload_as_json(self):
        ran = tandem("bench", "W5", "--passes", "2", "--json")
        self.check(ran)
        report = json.loads(ran.text)
        self.assertGreaterEqual(report["cores"], 1)
        self.assertTrue(report["device"]["name"])
        result, = report["results"]
        self.assertEqual((result["name"], result["width"], result["height"], result["views"]),
                         ("W5", 128, 128, 64))
        self.assertEqual(result["unit"], "views/s")
        self.assertTrue(0 < result["worst"] <= result["median"] <= result["best"])
        for step in ("scene_ms", "renderer_ms", "first_view_ms"):
            self.assertGreater(result["steps"][step], 0)

    def test_a_prefix_names_a_group(self):
        ran = tandem("bench", "png-helmet", "W4a", "--passes", "1")
        self.check(ran)
        names = [line.split()[0] for line in ran.text.splitlines()]
        self.assertEqual(names, ["W4a", "png-helmet"])


support.main()
