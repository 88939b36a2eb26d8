"""The shop as an ASGI application: pages from memory, deals that count their visits, and the truth for tests."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from demo.artwork import article_picture, category_picture, product_picture
from demo.catalogue import catalogue
from demo.crawlers import robots, sitemap
from demo.faults import fault_routes
from demo.hits import VISIT, HitLog, Logged
from demo.markup import Page
from demo.news import articles
from demo.pages import deals_page, not_found, render
from demo.truth import document
from demo.vocabulary import categories

_SVG = "image/svg+xml"
_ASSETS = {"shop.css": "text/css; charset=utf-8", "mark.svg": _SVG}


def _response(page: Page) -> Response:
    return Response(page.body, page.status, media_type=page.content_type)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


@lru_cache(maxsize=2)
def _pictures(seed: int) -> Mapping[str, Page]:
    drawn = {product.image: product_picture(seed, product) for product in catalogue(seed).products}
    drawn.update(
        (f"/media/category/{category.slug}.svg", category_picture(seed, category)) for category in categories()
    )
    drawn.update((article.image, article_picture(seed, article)) for article in articles(seed))
    return {path: Page(svg.encode(), _SVG) for path, svg in drawn.items()}


def _assets() -> dict[str, Page]:
    folder = resources.files("demo").joinpath("static")
    return {f"/static/{name}": Page(folder.joinpath(name).read_bytes(), kind) for name, kind in _ASSETS.items()}


class Shop:
    """Answers requests for one seed. `visits` is how often the deals page has been served by GET; it counts from 1."""

    def __init__(self, seed: int, pages: Mapping[str, Page], log: HitLog) -> None:
        self.seed = seed
        self.visits = 0
        self._ready = {path: _response(page) for path, page in pages.items()}
        self._log = log

    async def page(self, request: Request) -> Response:
        """Any page that never changes; other queries than `page` do not matter."""
        number = request.query_params.get("page", "1")
        path = request.url.path if number == "1" else f"{request.url.path}?page={number}"
        return self._ready.get(path) or _response(not_found(request.url.path))

    async def deals(self, request: Request) -> Response:
        """The deals page: each GET is a visit and moves the prices; HEAD looks without moving them."""
        if request.method == "GET":
            self.visits += 1
            request.scope[VISIT] = self.visits
        return _response(deals_page(self.seed, max(self.visits, 1)))

    async def short_link(self, request: Request) -> Response:
        """`/p/SKU`: a permanent redirect to the product; linked from nowhere."""
        product = catalogue(self.seed).by_sku.get(request.path_params["sku"].upper())
        return RedirectResponse(product.path, 301) if product else _response(not_found(request.url.path))

    async def robots(self, request: Request) -> Response:
        """robots.txt, with the sitemap's address on the host that was asked."""
        return _response(robots(_base(request)))

    async def sitemap(self, request: Request) -> Response:
        """sitemap.xml, with addresses on the host that was asked."""
        return _response(sitemap(self.seed, _base(request)))

    async def hits(self, request: Request) -> Response:
        """`/__hits?since=N`: the hits after the N-th as JSON, for this machine only."""
        since = request.query_params.get("since", "0")
        return self._private(request, self._log.since(int(since) if since.isascii() and since.isdigit() else 0))

    async def truth(self, request: Request) -> Response:
        """`/__truth`: what a crawl ought to find as JSON, for this machine only."""
        return self._private(request, document(self.seed, self.visits))

    def _private(self, request: Request, content: object) -> Response:
        host = request.client.host if request.client else ""
        try:
            near = ipaddress.ip_address(host).is_loopback
        except ValueError:
            near = False
        if not near:
            return _response(not_found(request.url.path))
        return Response(orjson.dumps(content), media_type="application/json")


def shop_application(seed: int, log: HitLog) -> ASGIApp:
    """The shop of a seed, all pages and pictures rendered (about a second's work), each answer noted in `log`."""
    shop = Shop(seed, {**render(seed), **_pictures(seed), **_assets()}, log)
    routes = [
        Route("/deals", shop.deals),
        Route("/robots.txt", shop.robots),
        Route("/sitemap.xml", shop.sitemap),
        Route("/p/{sku}", shop.short_link),
        Route("/__hits", shop.hits),
        Route("/__truth", shop.truth),
        *fault_routes(),
        Route("/{path:path}", shop.page),
    ]
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    return Logged(application, log)
