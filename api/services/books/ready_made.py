"""The ready-made job that reads a shop built like books.toscrape.com."""

from schemas.job import JobDescription

NAME = "books"
DATASET = "books"
_STARS = {f"star-rating {word}": float(stars) for stars, word in enumerate(("One", "Two", "Three", "Four", "Five"), 1)}
_CELL = ".//th[.='{}']/following-sibling::td/text()"


def description(url: str) -> JobDescription:
    """All books of the shop at `url`: it is followed from page to page, only the books' own pages give records."""
    return JobDescription.model_validate(
        {
            "url": url,
            "name": NAME,
            "dataset": DATASET,
            "description": "Every book of the catalogue: title, price, rating, stock, category.",
            "options": {"follow": True, "max_pages": 5000, "max_depth": 100},
            "extract": {
                "items_xpath": "//article[@class='product_page']",
                "fields": {
                    "title": {"xpath": ".//h1/text()", "required": True},
                    "price": {
                        "xpath": "(.//p[@class='price_color'])[1]/text()",
                        "type": "price",
                        "required": True,
                    },
                    "rating": {"xpath": "(.//p[contains(@class, 'star-rating')])[1]/@class", "type": "number"},
                    "stock": {"xpath": _CELL.format("Availability"), "type": "number"},
                    "availability": {"xpath": _CELL.format("Availability")},
                    "reviews": {"xpath": _CELL.format("Number of reviews"), "type": "number"},
                    "upc": {"xpath": _CELL.format("UPC")},
                    "category": {"xpath": "//ul[@class='breadcrumb']/li[3]/a/text()"},
                    "image": {"xpath": "(//div[@id='product_gallery']//img)[1]/@src", "type": "image"},
                    "description": {"xpath": "./div[@id='product_description']/following-sibling::p[1]/text()"},
                },
                "key": "upc",
            },
            "clean": {"fields": {"rating": {"steps": [{"map": _STARS, "unmapped": "drop"}]}}},
        }
    )
