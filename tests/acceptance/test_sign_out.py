"""Signing out of the gateway ends the dashboards, which are another process, as a browser meets both."""

import subprocess
import sys

import httpx

from tests.acceptance.system import ROOT, System, until


def test_signing_out_ends_the_visit_of_the_dashboards(system: System) -> None:
    command = [sys.executable, "-m", "cli", "link", "--data", str(system.folder)]
    link = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout.strip()
    gateway = system.endpoint("gateway")
    with httpx.Client(trust_env=False, timeout=60, follow_redirects=True) as browser:
        page = browser.get(link)
        assert page.status_code == 200 and str(page.url).startswith(system.endpoint("dashboards")), page.url
        port = system.endpoint("dashboards").rpartition(":")[2]
        kept = {"Cookie": f"trawl_dashboards_{port}={browser.cookies[f'trawl_dashboards_{port}']}"}
        assert httpx.get(page.url, headers=kept, trust_env=False, timeout=60).status_code == 200
        browser.post(f"{gateway}/sign-out", headers={"Origin": gateway})
        assert not browser.cookies
    until("the old cookie is worth nothing",
          lambda: httpx.get(page.url, headers=kept, trust_env=False, timeout=60).status_code == 403)  # fmt: skip
