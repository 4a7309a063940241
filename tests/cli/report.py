"""The report: what its schema says, and sums that must agree with the files."""

import json
import os
import re
from xml.etree import ElementTree

import support
from support import DeviceCase

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/report.schema.json")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name in ("number", "integer"):
        kinds = int if name == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def breaches(value, schema, place=""):
    """What breaks a schema, as far as the report's own schema uses JSON Schema."""
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_type(value, kind) for kind in kinds):
        return [f"{place}: {value!r} is no {kinds}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: {value!r}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{place}: {value!r}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            found.append(f"{place}: {value!r}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{place}: too short")
        for i, item in enumerate(value):
            found += breaches(item, schema.get("items", {}), f"{place}/{i}")
    if isinstance(value, dict):
        found += [f"{place}/{key}: missing" for key in schema.get("required", []) if key not in value]
        others = schema.get("additionalProperties", True)
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, others)
            if inner is False:
                found.append(f"{place}/{key}: not in the schema")
            elif isinstance(inner, dict):
                found += breaches(item, inner, f"{place}/{key}")
    return found


class Report(DeviceCase):
    def check_schema(self, report):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        self.assertEqual(breaches(report, schema), [])
        try:
            import jsonschema
        except ImportError:
            return
        jsonschema.validate(report, schema)

    def report(self, *arguments, code=0, **options):
        self.check(self.render("--report", "report.json", *arguments, **options), code)
        with open(self.path("report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.check_schema(report)
        return report

    def test_the_schema_is_checked(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        self.assertIn("/frames: missing", breaches({}, schema))
        self.assertTrue(any(text.startswith("/overlap:") for text in breaches({"overlap": 2}, schema)))

    def test_sums_agree_with_the_files(self):
        report = self.report("--views", "5", "--outputs", "color,object")
        self.assertEqual(report["frames"]["requested"], 5)
        self.assertEqual(report["frames"]["done"], 5)
        self.assertEqual(report["frames"]["failed"], 0)
        self.assertEqual(report["frames"]["outputs"], ["color", "object"])
        self.assertEqual(report["file_count"], 10)
        self.assertEqual(len(report["files"]), 10)
        for entry in report["files"]:
            self.assertEqual(os.path.getsize(self.path(entry["path"])), entry["bytes"])
        self.assertEqual([entry["view"] for entry in report["files"]], [i // 2 for i in range(10)])
        self.assertEqual(report["failures"], [])

    def test_times_and_operations_agree(self):
        report = self.report("--views", "8", size="256x256")
        for name in ("render", "encode", "write"):
            operation = report["operations"][name]
            self.assertEqual(operation["count"], 8, name)
            self.assertLessEqual(operation["min_ms"], operation["p50_ms"])
            self.assertLessEqual(operation["p50_ms"], operation["max_ms"])
            self.assertAlmostEqual(operation["avg_ms"] * 8, operation["total_ms"], delta=1e-3)
        time, throughput = report["time"], report["throughput"]
        self.assertLess(time["first_frame_s"], time["total_s"])
        self.assertLessEqual(time["render_s"], time["total_s"])
        self.assertAlmostEqual(throughput["frames_per_s"] * time["render_s"], 8, delta=1e-3)
        self.assertAlmostEqual(throughput["pixels_per_s"], 256 * 256 * throughput["frames_per_s"],
                               delta=1)
        busy = sum(worker["busy_ms"] for worker in report["threads"]["workers"])
        self.assertAlmostEqual(report["threads"]["speedup"], busy / 1e3 / time["render_s"], delta=0.01)
        lanes = report["lanes"].values()
        self.assertGreater(sum(lane["submissions"] for lane in lanes), 0)
        busy = sum(lane["busy_ms"] for lane in lanes)
        self.assertTrue(0 < busy / 1e3 <= 3 * time["render_s"])
        self.assertTrue(all(lane["occupancy"] <= 1 for lane in lanes))

    def test_the_budget_holds(self):
        budget = self.report("--budget", "300MiB")["budget"]
        self.assertEqual(budget["limit_bytes"], 300 << 20)
        self.assertLessEqual(budget["peak_bytes"], budget["limit_bytes"])
        self.assertLessEqual(sum(budget["by_category"].values()), budget["now_bytes"])
        self.assertGreater(budget["by_category"]["geometry"], 0)
        self.assertEqual(budget["exceeded"], 0)

    def test_what_was_skipped(self):
        self.check(self.render("--views", "2"))
        frames = self.report("--views", "2", "--resume")["frames"]
        self.assertEqual((frames["done"], frames["skipped"]), (0, 2))

    def test_failures_are_named(self):
        report = self.report("--timeout", "0.001", "--views", "2", size="1024x1024",
                             scene="builtin:city", code=5)
        self.assertEqual(report["frames"]["failed"], 2)
        self.assertEqual(sorted(failure["view"] for failure in report["failures"]), [0, 1])
        self.assertEqual({failure["code"] for failure in report["failures"]}, {"TD_ERROR_TIMEOUT"})

    def test_json_is_the_same_report_in_one_line(self):
        ran = self.render("--json")
        self.check(ran)
        self.assertEqual(len(ran.text.splitlines()), 1)
        self.check_schema(json.loads(ran.text))

    def test_the_scene_is_described(self):
        report = self.report(scene="builtin:city")
        info = json.loads(support.tandem("info", "builtin:city", "--json").text)
        for key in ("triangles", "instances", "materials", "textures", "unsupported"):
            self.assertEqual(report["scene"][key], info[key], key)

    def test_the_timeline_is_a_picture(self):
        self.check(self.render("--views", "3", "--timeline", "timeline.svg"))
        text = self.read("timeline.svg").decode("utf-8")
        self.assertIn("<svg", text)
        self.assertIn("encode", text)

    def test_the_graph_is_a_picture_of_what_ran(self):
        ran = self.render("--views", "3", "--graph", "graph.svg", "--report", "report.json")
        self.check(ran)
        root = ElementTree.fromstring(self.read("graph.svg"))
        texts = ["".join(node.itertext()) for node in root.iter() if node.tag.endswith("text")]
        for name in ("clear", "cull", "raster", "raster large", "shade", "host"):
            self.assertIn(name, texts)
        self.assertTrue(any(text.endswith("visibility words") for text in texts))
        report = json.loads(self.read("report.json"))
        shade = report["operations"]["shade"]
        self.assertIn(f"{shade['avg_ms']:.3f} ms, mean of {shade['count']}", texts)


support.main()
