"""How chromium is started: with one way out, and without what a crawler has no use for.

Playwright's own flags (no background networking, no component updates, a temporary profile …) come before these.
"""

import os
import shutil
from pathlib import Path

from infra.browser.errors import NoBrowser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

FLAGS = (
    # Names are the proxy's to resolve; a request that does not go there finds nothing. QUIC and WebRTC speak UDP,
    # which no HTTP proxy carries.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Nobody is there to be asked, tracked or reported about.
    "--deny-permission-prompts",
    "--disable-domain-reliability",
    "--no-pings",
    "--disable-3d-apis",
    "--disable-gpu",
    # A script that fills its heap ends its own page and not the machine.
    "--js-flags=--max-old-space-size=512",
)

UNWANTED = ["--disable-popup-blocking"]
"""Of playwright's flags: a page may not open windows."""

INSTALL = "install the `render` extra (pip install 'trawl[render]') and chromium (apt install chromium)"


def executable(named: str | None) -> str:
    """The browser's program: the one that is named, else the system's. Raises NoBrowser."""
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return named
        raise NoBrowser(f"No browser is installed where this fetcher runs: {named} is no program. Set TRAWL_BROWSER.")
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise NoBrowser(f"No browser is installed where this fetcher runs: {INSTALL}, or set TRAWL_BROWSER.")
    return found


def environment() -> dict[str, str]:
    """The browser's environment variables: none of ours, which hold secrets, and no home to leave anything in."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "FONTCONFIG_PATH") if name in os.environ}
    return {**kept, **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), os.devnull)}
