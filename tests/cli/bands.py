"""Images that are larger than the budget come in bands of rows, and the files are the same."""

import json
import os
import signal
import time

import support
from support import DeviceCase, Npy, Png, chunks, start

signal.signal(signal.SIGINT, signal.default_int_handler)

# A whole image has 34 MiB.
SIZE = "3000x3000"


class Bands(DeviceCase):
    def bands(self, budget, *arguments, size=SIZE):
        self.check(self.render("--budget", budget, "--report", f"{budget}.json", *arguments,
                               size=size))
        return json.loads(self.read(f"{budget}.json"))["budget"]

    def test_a_small_budget_gives_the_same_picture(self):
        large = self.bands("1GiB", "-o", "large.png")
        small = self.bands("40MiB", "-o", "small.png")
        self.assertEqual(large["bands"], 1)
        self.assertGreater(small["bands"], 1)
        self.assertLessEqual(small["peak_bytes"], 40 << 20)
        # Pixels are compared as they were filtered, since Python takes long to undo that.
        raw = [b"".join(body for kind, body in chunks(self.read(name)) if kind == b"IDAT")
               for name in ("large.png", "small.png")]
        self.assertEqual(support.zlib.decompress(raw[0]), support.zlib.decompress(raw[1]))

    def test_streams_and_arrays(self):
        budget = "20MiB"
        self.assertGreater(self.bands(budget, "--outputs", "depth", "-o", "small.npy",
                                      size="1600x1200")["bands"], 1)
        self.check(self.render("--outputs", "depth", "-o", "large.npy", size="1600x1200"))
        self.assertEqual(Npy(self.read("small.npy")).data, Npy(self.read("large.npy")).data)
        ran = self.render("--budget", budget, "--views", "2", "-o", "-", size="1600x1200")
        whole = self.render("--views", "2", "-o", "-", size="1600x1200")
        self.assertEqual(len(ran.bytes), 2 * 1600 * 1200 * 4)
        self.assertEqual(ran.bytes, whole.bytes)

    def test_interrupted(self):
        process = start("render", "builtin:spheres", "-s", SIZE, "--samples", "1", "--budget",
                        "40MiB", "--views", "100", cwd=self.folder)
        deadline = time.monotonic() + 60
        while not any(name.endswith(".part") for name in self.files()):
            self.assertIsNone(process.poll(), "ended before it was interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        for name in self.files():
            self.assertRegex(name, r"^out_\d{4}\.png$")

    def test_too_small_a_budget_is_refused(self):
        self.check(self.render("--budget", "1MiB", "-o", "no.png", size=SIZE), 4, "MiB")
        self.assertEqual(os.listdir(self.folder), [])


support.main()
