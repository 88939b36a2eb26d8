"""What sites see of us: a name, and where to read about it if everybody can."""

from pathlib import Path

import pytest

from infra.settings import Settings
from producers.politeness.robots import product_token


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({}, "TrawlBot/0.1"),
        ({"public_url": "https://Trawl.example/"}, "TrawlBot/0.1 (+https://trawl.example/bot)"),
        (
            {"public_url": "https://trawl.example", "user_agent": "Mine/2 (+https://mine.example/)"},
            "Mine/2 (+https://mine.example/)",
        ),
    ],
)
def test_the_name_points_to_a_page_where_there_is_one(settings: dict[str, str], seen: str, tmp_path: Path) -> None:
    agent = Settings.model_validate({"data": tmp_path, **settings}).visible_agent
    assert agent == seen
    assert product_token(agent) == seen.partition("/")[0]
