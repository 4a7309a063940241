"""SIGINT and SIGTERM leave complete files only, and --resume goes on."""

import os
import signal
import time

import support
from support import DeviceCase, Png, start


# A shell has what it starts in the background ignore SIGINT, and what that starts as well.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Interrupts(DeviceCase):
    def wait_for_files(self, process, count):
        deadline = time.monotonic() + 60
        while len([name for name in self.files() if name.endswith(".png")]) < count:
            self.assertIsNone(process.poll(), "ended before it was interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def interrupt(self, number, code):
        process = start("render", "builtin:spheres", "-s", "128x96", "--views", "5000", cwd=self.folder)
        self.wait_for_files(process, 3)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, errors)
        self.assertIn(b"--resume", errors)
        names = self.files()
        self.assertTrue(3 <= len(names) < 5000)
        for name in names:
            self.assertRegex(name, r"^out_\d{4}\.png$")
            Png(self.read(name))
        return names

    def test_interrupted_and_resumed(self):
        names = self.interrupt(signal.SIGINT, 130)
        before = {name: os.stat(self.path(name)).st_mtime_ns for name in names}
        views = int(names[-1][4:8]) + 3
        self.check(self.render("--views", str(views), "--resume", size="128x96"))
        after = self.files()
        self.assertEqual(after, [f"out_{view:04}.png" for view in range(views)])
        for name, when in before.items():
            self.assertEqual(os.stat(self.path(name)).st_mtime_ns, when, name)

    def test_terminated(self):
        self.interrupt(signal.SIGTERM, 143)

    def test_interrupted_before_anything_was_written(self):
        process = start("render", "builtin:city", "-s", "64x64", cwd=self.folder)
        # A signal to the fork that has not become the program yet would be lost.
        while os.readlink(f"/proc/{process.pid}/exe") != os.path.realpath(support.PROGRAM):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        # The signal may come before the program has taken any notice of signals.
        self.assertIn(process.returncode, (130, -signal.SIGINT))
        self.assertEqual(self.files(), [])


support.main()
