"""Whatever a page tries, its browser reaches what the guard allows and nothing else."""

import asyncio

import pytest

from schemas.exchange import ExchangeFailure, ExchangeResponse
from tests.integration.browser.conftest import Pool, Render
from tests.integration.browser.site import Neighbour, Site, answer, redirect

pytestmark = pytest.mark.asyncio(loop_scope="module")

ATTEMPTS = """<!doctype html><link rel=preconnect href="{evil}"><link rel=prefetch href="{evil}/prefetch">
<link rel=stylesheet href="{evil}/style"><link rel=dns-prefetch href="//inside.example">
<img src="{evil}/image"><script src="{evil}/script"></script><iframe src="{evil}/frame"></iframe>
<iframe src="file:///etc/passwd"></iframe><iframe src="http://169.254.169.254/latest/meta-data/"></iframe>
<iframe src="/to-frame"></iframe><object data="{evil}/object"></object><video src="{evil}/video" autoplay></video>
<a id=ping href="#x" ping="{evil}/ping">x</a><script>
const tried = [], attempt = (name, act) => tried.push(Promise.race([
  new Promise(resolve => setTimeout(() => resolve(name + ' silent'), 1500)),
  Promise.resolve().then(act).then(() => name + ' through', () => name + ' refused')]));
for (const host of ['127.0.0.1', 'localhost', 'inside.example', 'mixed.example', '[::1]', '2130706433', '127.1',
                    '0x7f000001', '[::ffff:127.0.0.1]'])
  attempt(host, () => fetch(`http://${{host}}:{port}/`, {{mode: 'no-cors'}}));
attempt('tls', () => fetch('https://127.0.0.1:{port}/', {{mode: 'no-cors'}}));
attempt('redirect', () => fetch('/to-fetch', {{mode: 'no-cors'}}));
for (const scheme of ['ws', 'wss'])
  attempt(scheme, () => new Promise((resolve, reject) => {{
    const socket = new WebSocket(scheme + '://127.0.0.1:{port}/');
    socket.onopen = resolve; socket.onerror = reject; }}));
attempt('events', () => new Promise((resolve, reject) => {{
  const source = new EventSource('{evil}/events'); source.onopen = resolve; source.onerror = reject; }}));
attempt('quic', () => new WebTransport('https://127.0.0.1:{port}/').ready);
navigator.sendBeacon('{evil}/beacon'); ping.click(); window.open('{evil}/window');
new Worker(URL.createObjectURL(new Blob(["fetch('{evil}/worker', {{mode: 'no-cors'}})"])));
const peer = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{port}'}},
  {{urls: 'turn:127.0.0.1:{port}?transport=tcp', username: 'a', credential: 'b'}}]}});
peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer));
Promise.all(tried).then(all =>
  document.body.insertAdjacentHTML('beforeend', `<pre id=done>${{all.join('\\n')}}</pre>`));
</script>"""


async def test_no_request_of_a_page_reaches_a_neighbour(site: Site, neighbour: Neighbour, render: Render) -> None:
    evil = f"http://127.0.0.1:{neighbour.port}"
    site.answers["/attempts"] = answer(ATTEMPTS.format(evil=evil, port=neighbour.port))
    site.answers["/to-frame"] = redirect(f"{evil}/redirected-frame")
    site.answers["/to-fetch"] = redirect(f"{evil}/redirected-fetch")
    result = await render("/attempts", wait_until="domcontentloaded", wait_for="#done", screenshot=True)
    assert isinstance(result, ExchangeResponse), result
    report = result.body.decode().partition('<pre id="done">')[2].partition("</pre>")[0].splitlines()
    # The scripts ran and tried; the redirects were followed as far as the proxy.
    assert len(report) == 15 and {"/to-frame", "/to-fetch"} <= set(site.paths)
    assert not [
        line for line in report if line.split()[0] in ("tls", "ws", "wss", "events", "quic") and "through" in line
    ]
    assert neighbour.reached == []


async def test_a_page_at_an_address_that_may_not_be_visited_is_refused(
    site: Site, neighbour: Neighbour, render: Render
) -> None:
    hosts = ["127.0.0.1", "localhost", "inside.example", "mixed.example", "[::1]"]
    urls = [f"http://{host}:{neighbour.port}/" for host in hosts] + [f"https://localhost:{neighbour.port}/"]
    found = await asyncio.gather(*(render(url) for url in urls))
    assert {one.kind if isinstance(one, ExchangeFailure) else one.status for one in found} == {"blocked_address"}
    assert neighbour.reached == []
    unknown = await render("https://nowhere.example/")
    assert isinstance(unknown, ExchangeFailure) and unknown.kind == "dns_failed"


async def test_nothing_goes_out_after_the_visit(site: Site, render: Render, pool: Pool) -> None:
    site.answers["/eager"] = answer("<script>setInterval(() => fetch('/more'), 20)</script>")
    site.answers["/more"] = answer("more")
    assert isinstance(await render("/eager"), ExchangeResponse)
    asked = len(site.heads)
    site.answers["/next"] = answer("<p>next</p>")
    assert isinstance(await render("/next", wait_until="networkidle"), ExchangeResponse)
    # One request may have been on its way when the visit ended.
    assert site.paths[asked + 1 :].count("/more") == 0 and "/next" in site.paths
