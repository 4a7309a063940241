"""Where the system lets the program have too little of something, it says so and leaves no file.

Limits between what the driver needs to be loaded and what it needs to work are left out: drivers end
the program where they get no memory.
"""

import resource
import subprocess

import support
from support import DeviceCase


class Limits(DeviceCase):
    def render_within(self, kind, limit):
        process = subprocess.run(
            [support.PROGRAM, "render", "builtin:spheres", "-s", "64x48", "--samples", "1"],
            cwd=self.folder, env=support.environment(), capture_output=True, timeout=100, check=False,
            preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)))
        return support.Ran(process)

    def test_no_address_space_for_a_driver(self):
        for mib in (16, 64):
            with self.subTest(mib=mib):
                ran = self.render_within(resource.RLIMIT_AS, mib << 20)
                self.check(ran, 5)
                self.assertTrue(ran.errors)
                self.assertEqual(self.files(), [])

    def test_no_descriptor_for_a_file(self):
        # One beside the standard streams: what needs two at once fails, here or in the driver.
        ran = self.render_within(resource.RLIMIT_NOFILE, 4)
        self.assertIn(ran.code, (5, 6), ran.errors)
        self.check(ran, ran.code)
        self.assertTrue(ran.errors)
        self.assertEqual(self.files(), [])


support.main()
