"""The shop's pictures: flat SVG drawings put together from a category's shape, a palette and a backdrop."""

import re
from html import escape

from demo.catalogue import Product
from demo.draw import Draw
from demo.news import Article
from demo.vocabulary import Category

# Ground, backdrop, then the colours that stand for a, b, c and d in a shape.
_PALETTES = (
    ("#f3e9dc", "#e8d6bf", "#c8643c", "#5a3825", "#f2d9b8", "#2f6f6a"),
    ("#e3ecec", "#c9dcdb", "#2f6f6a", "#1d3f44", "#d8e9e2", "#e0954a"),
    ("#f4e6e3", "#ebcfc9", "#b5495b", "#5b2333", "#f5d5cc", "#4a7c8c"),
    ("#ebeedd", "#d5dcb8", "#6b8f3c", "#3a4d22", "#e6ecc8", "#d9733f"),
    ("#e8e6f0", "#d2cee4", "#655a9e", "#2f2a55", "#dcd7f0", "#e8a94f"),
    ("#f6eed6", "#eedfae", "#e0a526", "#6a4a12", "#fbe9b5", "#3b6a8f"),
    ("#e2ebf3", "#c6d8e8", "#3b6a8f", "#1f3a52", "#d5e5f2", "#d96c4f"),
    ("#efe8e4", "#dccfc7", "#7a5c4a", "#3c2b22", "#e9d9cb", "#8aa05a"),
    ("#e6f0ea", "#c8e0d2", "#3f8a63", "#1f4b35", "#d3ecdd", "#e3b23c"),
    ("#f1e4ec", "#e2c8d8", "#97477a", "#4d1f40", "#f0d3e4", "#5f9ea0"),
    ("#e9eaec", "#d0d3d8", "#4c5866", "#232b35", "#dfe3e8", "#d9603b"),
    ("#fbeadf", "#f5d0b8", "#e07a4f", "#74331a", "#fde0cc", "#4c7f8a"),
)
_BACKDROPS = (
    '<circle cx="50" cy="48" r="37" fill="{tone}"/>',
    '<path d="M18 86V44a32 32 0 0 1 64 0v42z" fill="{tone}"/>',
    '<path d="M0 70C24 50 44 62 60 66s28 0 40-8v42H0z" fill="{tone}"/>',
    '<path d="M0 82h100v18H0z" fill="{tone}"/><circle cx="76" cy="24" r="13" fill="{tone}"/>',
    '<rect x="16" y="14" width="68" height="72" rx="10" fill="{tone}"/>',
    '<path d="M0 100 100 0v100z" fill="{tone}"/>',
)
_SHADOW = '<ellipse cx="50" cy="{foot}" rx="34" ry="3.4" fill="#000" opacity=".10"/>'
_INK = re.compile(r'\b(fill|stroke)="([abcd])"')


def _painted(shape: str, palette: tuple[str, ...]) -> str:
    inks = dict(zip("abcd", palette[2:], strict=True))
    return _INK.sub(lambda match: f'{match[1]}="{inks[match[2]]}"', shape)


def _document(width: int, height: int, label: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}"><title>{escape(label)}</title>{body}</svg>'
    )


def _still_life(draw: Draw, category: Category, label: str) -> str:
    palette = draw.pick(_PALETTES)
    backdrop = draw.pick(_BACKDROPS).format(tone=palette[1])
    scale = draw.between(0.76, 0.86)
    # The shape stands on the shadow: its foot is near 82 in its own box of 100.
    place = f'transform="translate({50 - 50 * scale:.1f} {88 - 82 * scale:.1f}) scale({scale:.3f})"'
    ground = f'<rect width="100" height="100" fill="{palette[0]}"/>'
    shape = f"<g {place}>{_painted(category.shape, palette)}</g>"
    return _document(100, 100, label, ground + backdrop + _SHADOW.format(foot=88) + shape)


def product_picture(seed: int, product: Product) -> str:
    """The picture of a product as an SVG document, 100 x 100, without outside references."""
    return _still_life(Draw(seed, "picture", product.sku), product.category, product.name)


def category_picture(seed: int, category: Category) -> str:
    """The picture on a category's tile: the same shape in the category's own colours."""
    return _still_life(Draw(seed, "tile", category.slug), category, category.name)


def article_picture(seed: int, article: Article) -> str:
    """The wide picture at the head of an article: three shapes of its category on one table, 240 x 120."""
    draw = Draw(seed, "headline", article.slug)
    palette = draw.pick(_PALETTES)
    body = f'<rect width="240" height="120" fill="{palette[0]}"/>'
    body += f'<circle cx="{draw.whole(40, 200)}" cy="44" r="40" fill="{palette[1]}"/>'
    body += f'<path d="M0 98h240v22H0z" fill="{palette[1]}"/>'
    for left, scale, tones in (
        (14, 0.62, draw.pick(_PALETTES)),
        (78, 0.86, palette),
        (164, 0.58, draw.pick(_PALETTES)),
    ):
        place = f'transform="translate({left} {102 - 82 * scale:.1f}) scale({scale})"'
        body += f"<g {place}>{_painted(article.category.shape, tones)}</g>"
    return _document(240, 120, article.title, body)
