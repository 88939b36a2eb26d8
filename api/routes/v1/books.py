"""The books interface: reading the shop, its books, categories and figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.errors import invalid
from api.gateway import SCHEMES, From, Gateway, Reader, Wired, Writer
from api.services.books.ready_made import NAME
from api.services.books.shelf import best_first
from api.shapes.books import (
    BookBody,
    BookPage,
    CategoryBody,
    CategoryFiguresList,
    CategoryList,
    OverviewBody,
    TriggerBody,
    book_body,
    category_figures,
    overview_body,
)
from api.shapes.errors import documented
from api.shapes.jobs import JobAccepted, accepted
from api.shapes.pages import pagination
from schemas.books import BookFilter, BookOrder

router = APIRouter(prefix="/api/v1", tags=["books"], dependencies=SCHEMES, route_class=StrictRoute)

_READ = documented(422, permission=Permission.READ)
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
PerPage = Annotated[int, Query(ge=1, le=1000)]
AtMost = Annotated[int, Query(ge=1, le=1000, description="Books at most.")]
Text = Annotated[str | None, Query(max_length=200, description="A part of it; case does not matter.")]
Price = Annotated[float | None, Query(ge=0, le=1e12)]


@router.get("/books/", summary="List books", **_READ)
@router.get("/books", include_in_schema=False)
async def books(
    caller: Reader,
    gateway: Wired,
    page: PageNumber = 1,
    per_page: PerPage = 50,
    sort_by: BookOrder = "id",
    sort_order: Literal["asc", "desc"] = "asc",
) -> BookPage:
    """The books of the newest whole reading, page by page."""
    return await _page(gateway, BookFilter(by=sort_by, falling=sort_order == "desc"), page, per_page)


@router.post(
    "/books/scraping/trigger",
    status_code=202,
    summary="Read the shop",
    **documented(409, permission=Permission.WRITE),
)
@router.post("/books/scraping/trigger/", status_code=202, include_in_schema=False)
async def trigger(
    caller: Writer, gateway: Wired, visit: From, response: Response, body: TriggerBody | None = None
) -> JobAccepted:
    """Reads every book of the shop anew, as a job of yours; once all of it is read its books are the catalogue.

    At the usual pace of one visit a second a thousand books and the lists that lead to them take 18 minutes at least;
    `GET /api/v1/jobs/{job_id}/progress` tells how long the rest will take.
    """
    options = body.model_dump(exclude_none=True) if body else {}
    run = await gateway.catalogue.trigger(caller, visit, options)
    response.headers["Location"] = f"/api/v1/jobs/{run.job_id}"
    return accepted(NAME, run)


@router.get("/books/search", summary="Search books", **_READ)
@router.get("/books/search/", include_in_schema=False)
async def search(
    caller: Reader,
    gateway: Wired,
    title: Text = None,
    category: Text = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> BookPage:
    """Books by a part of their title, their category, or both."""
    return await _page(gateway, BookFilter(title=title, category=category), page, per_page)


@router.get("/books/top-rated", summary="Best rated books", **_READ)
@router.get("/books/top-rated/", include_in_schema=False)
@router.get("/stats/top-rated", summary="Books with the most stars", **_READ)
@router.get("/stats/top-rated/", include_in_schema=False)
async def top_rated(caller: Reader, gateway: Wired, limit: AtMost = 10) -> list[BookBody]:
    """The books with the most stars, by number among equals."""
    shelf = await gateway.catalogue.shelf()
    found, _ = await shelf.page(best_first(BookFilter(rated=1)), limit)
    return [book_body(book) for book in found]


@router.get("/books/price-range", summary="Books by price", **_READ)
@router.get("/books/price-range/", include_in_schema=False)
@router.get("/stats/price-range", summary="Books within a price range", **_READ)
@router.get("/stats/price-range/", include_in_schema=False)
async def price_range(
    caller: Reader,
    gateway: Wired,
    min: Price = None,
    max: Price = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> BookPage:
    """Books that cost at least `min` and at most `max`, the cheapest first."""
    if min is not None and max is not None and min > max:
        raise invalid("min", "min is greater than max; exchange them.")
    return await _page(gateway, BookFilter(least=min, most=max, by="price"), page, per_page)


@router.get("/books/{id}", summary="Get a book", **documented(404, 422, permission=Permission.READ))
@router.get("/books/{id}/", include_in_schema=False)
async def book(
    id: Annotated[int, Path(ge=1, le=2**31 - 1, description="The number in its page's address.", examples=[1000])],
    caller: Reader,
    gateway: Wired,
) -> BookBody:
    """One book of the newest whole reading, by the number in its page's address."""
    shelf = await gateway.catalogue.shelf()
    return book_body(await shelf.book(id))


@router.get("/categories", summary="List categories", **documented(permission=Permission.READ))
@router.get("/categories/", include_in_schema=False)
async def categories(caller: Reader, gateway: Wired) -> CategoryList:
    """Every category with its number of books."""
    shelf = await gateway.catalogue.shelf()
    found = [CategoryBody(name=one.name, books=one.books) for one in await shelf.categories()]
    return CategoryList(categories=found, note=shelf.note)


@router.get("/stats/overview", summary="Figures of all books", **documented(permission=Permission.READ))
@router.get("/stats/overview/", include_in_schema=False)
async def overview(caller: Reader, gateway: Wired) -> OverviewBody:
    """How many there are, what they cost, how they are rated."""
    shelf = await gateway.catalogue.shelf()
    return overview_body(await shelf.overview(), len(await shelf.categories()), shelf.note)


@router.get("/stats/categories", summary="Figures by category", **documented(permission=Permission.READ))
@router.get("/stats/categories/", include_in_schema=False)
async def by_category(caller: Reader, gateway: Wired) -> CategoryFiguresList:
    """The same of each category."""
    shelf = await gateway.catalogue.shelf()
    found = [category_figures(one) for one in await shelf.categories()]
    return CategoryFiguresList(categories=found, note=shelf.note)


async def _page(gateway: Gateway, wanted: BookFilter, page: int, per_page: int) -> BookPage:
    shelf = await gateway.catalogue.shelf()
    found, total = await shelf.page(wanted, per_page, (page - 1) * per_page)
    books = [book_body(book) for book in found]
    return BookPage(books=books, pagination=pagination(page, per_page, total), note=shelf.note)
