"""The bundled shop, read by the rules that a person would write for it."""

from demo import truth
from demo.catalogue import catalogue
from demo.pages import deals_page, render
from demo.prices import deals, price_at
from schemas.job import JobDescription
from streams.cleaning.cleaner import clean
from streams.extraction.batches import batches_of, clean_rules
from streams.extraction.document import read
from streams.extraction.links import find_links
from streams.extraction.rules import Rules
from tests.unit.extraction.pages import fetched

SEED = 7
SITE = "http://shop.example"


def _records(body: bytes, path: str, job: JobDescription) -> list[dict[str, object]]:
    visit = fetched(body, url=SITE + path)
    raw = Rules(job.extract).extract(read(visit))
    batches = batches_of(visit, raw, clean_rules(job), "job", job.dataset_name).batches
    return [record.data for batch in batches for record in clean(batch).batch.records]


def test_every_product_page_gives_its_product() -> None:
    job = JobDescription.model_validate(
        {
            "url": SITE,
            "extract": {
                "fields": {
                    "sku": {"css": "dd.sku::text", "required": True},
                    "name": "article.product h1",
                    "price": {"css": ".offer .price", "type": "price"},
                    "rating": {"css": "[itemprop=ratingValue]", "type": "number"},
                    "added": {"css": "time[itemprop=releaseDate]", "type": "date"},
                }
            },
        }
    )
    pages = render(SEED)
    rules = Rules(job.extract)
    assert rules.extract(read(fetched(pages["/"].body))) == []
    for product in catalogue(SEED).products[::25]:
        [record] = _records(pages[product.path].body, product.path, job)
        assert record == {
            "url": SITE + product.path,
            "sku": product.sku,
            "name": product.name,
            "price": float(product.price),
            "price_currency": "£",
            "rating": product.rating,
            "added": f"{product.added.isoformat()}T00:00:00Z",
        }


def test_the_deals_page_gives_each_offer_once() -> None:
    job = JobDescription.model_validate(
        {
            "url": SITE,
            "extract": {
                "items": "li.deal",
                "fields": {
                    "sku": "::attr(data-sku)",
                    "price": {"css": ".price::text", "type": "price"},
                    "url": {"css": "a.link", "type": "url"},
                },
                "key": "sku",
            },
        }
    )
    records = _records(deals_page(SEED, 3).body, "/deals", job)
    assert {(record["sku"], record["price"], record["url"]) for record in records} == {
        (product.sku, float(price_at(SEED, product.sku, 3)), SITE + product.path) for product in deals(SEED)
    }


def test_following_links_reaches_every_page_that_the_site_says_is_reachable() -> None:
    pages = {path: page.body for path, page in render(SEED).items()} | {"/deals": deals_page(SEED, 1).body}
    waiting, reached = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        for link in find_links(read(fetched(pages[path], url=SITE + path))):
            target = link.url.removeprefix(SITE)
            if target in pages and target not in reached:
                reached.add(target)
                waiting.append(target)
    assert set(truth.urls(SEED)) <= reached
