"""Puts the live part of a gateway together."""

from api.config import GatewayConfig
from api.live.catching_up import CatchingUp
from api.live.cursors import Cursors
from api.live.follower import Live
from api.live.hub import Hub
from api.live.pace import Pace
from api.live.ring import Ring
from api.live.warehouse import Warehouse
from api.metrics import Metrics
from api.ports import Ports


def live_of(ports: Ports, config: GatewayConfig, metrics: Metrics) -> Live:
    """What every listener shares."""
    cursors = Cursors(config.signing_seed)
    ring = Ring(config.ring_seconds, config.ring_bytes)
    hub = Hub(ports.open_feed, metrics, ring, config.socket_buffer, cursors)
    warehouse = Warehouse(ports.past, ports.stored_up_to, config.stored_records)
    pace = Pace(config.catching_up, config.catching_up_rate)
    return Live(hub, cursors, CatchingUp(hub, warehouse, ports.open_feed, pace))
