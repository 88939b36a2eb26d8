"""What the shop tells crawlers: robots.txt (RFC 9309) and sitemap.xml (sitemaps.org 0.9)."""

from xml.sax.saxutils import escape

from demo.markup import Page
from demo.truth import DISALLOWED, last_changed, urls


def robots(base: str) -> Page:
    """robots.txt of the shop at `base` ("http://host:port", no slash at the end)."""
    rules = "".join(f"Disallow: {path}\n" for path in DISALLOWED)
    return Page(f"User-agent: *\n{rules}\nSitemap: {base}/sitemap.xml\n".encode(), "text/plain; charset=utf-8")


def sitemap(seed: int, base: str) -> Page:
    """The sitemap: every page that links reach, with the day of its last change where it has one."""
    days = last_changed(seed)
    entries = []
    for path in urls(seed):
        changed = f"<lastmod>{days[path]}</lastmod>" if path in days else ""
        entries.append(f"<url><loc>{escape(base + path)}</loc>{changed}</url>\n")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return Page(f"{head}{''.join(entries)}</urlset>\n".encode(), "application/xml; charset=utf-8")
