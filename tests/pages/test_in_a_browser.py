"""Every page in a real browser: the policy holds, nothing is markup, and what is offered works."""

from __future__ import annotations

import re

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe

from bridge.access.role import Role
from bridge.store.sync_fields import PairKey, hold
from tests.pages.conftest import HOSTILE, Site, failing_event

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = (
    "/", "/events", "/dead", "/quarantine", "/conflicts", "/rules", "/rules/edit?file=cases.yaml",
    "/sources", "/integrations", "/links", "/keys",
)  # fmt: skip
SERIOUS = ("serious", "critical")


async def test_every_page_shows_itself_without_a_complaint_of_the_browser(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in()
    for path in (*PAGES, f"/events/{event_id}"):
        await site.go(path)
        assert (await site.page.inner_text("h1")).strip()
    assert site.complaints == []


async def test_every_page_can_be_used_by_everybody(site: Site) -> None:
    """axe-core finds nothing serious: contrast in both schemes, labels, names, order."""
    event_id = await failing_event(site)
    await site.go("/sign-in")
    found = []
    for path in ("/sign-in", "/docs", *PAGES, f"/events/{event_id}"):
        if path == "/":
            await site.sign_in()
        await site.go(path)
        for scheme, only in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
            await site.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            results = await Axe().run(site.page, options=only)
            found += [
                f"{path}, {scheme}: {one['id']}: {one['nodes'][0]['html'][:160]}"
                for one in results.response["violations"]
                if one["impact"] in SERIOUS
            ]
    assert found == []


async def test_a_hostile_event_is_shown_as_the_text_it_is(site: Site) -> None:
    data = {"id": HOSTILE, "title": HOSTILE, "severity": "high", "tags": [HOSTILE]}
    event_id = await site.event("case.created", data, HOSTILE[:60])
    await site.sign_in()
    for path in ("/", "/events", f"/events/{event_id}", "/dead", "/links"):
        await site.go(path)
        assert await site.page.evaluate("window.bad") is None
        assert await site.page.locator("img[src=x]").count() == 0
        assert "{{ 7 * 7 }}" in await site.text()
    await site.go(f"/events/{event_id}")
    await site.page.click("text=Explain")
    await site.page.wait_for_selector("#why h2")
    assert await site.page.evaluate("window.bad") is None
    assert site.complaints == []


async def test_explain_says_why_and_what_would_be_sent(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in()
    await site.go(f"/events/{event_id}")
    await site.page.click("text=Explain")
    await site.page.wait_for_selector("#why h2")
    told = await site.page.inner_text("#why")
    assert 'data.severity == "high"' in told
    assert "ticket-per-case" in told
    assert "matched" in told


async def test_a_dead_letter_is_replayed_and_given_up_with_a_reason(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in(Role.OPERATOR)
    await site.go("/dead")
    await site.page.check("input[name=letter]")
    await site.page.click("text=Replay the ticked")
    await site.page.wait_for_selector("#told >> text=1 event tried again.")
    await site.parts.worker.drain()
    await site.go("/dead")
    await site.page.check("input[data-all=letter]")
    await site.page.fill("#reason", "moved by hand")
    await site.page.press("#reason", "Enter")  # which would be the first button, a replay
    assert await site.page.input_value("#reason") == "moved by hand"
    await site.page.click("text=Give up the ticked")
    await site.page.wait_for_selector("text=Nothing waits for a person.")
    await site.go(f"/events/{event_id}")
    assert "discarded: moved by hand" in await site.text()


async def test_events_are_filtered_and_followed_as_they_come(site: Site) -> None:
    await failing_event(site)
    await site.event("job.progressed", {"job_id": "j-1"}, "two")
    await site.sign_in(Role.VIEWER)
    await site.go("/events")
    await site.page.fill("#f-type", "case.created")
    await site.page.click("text=Filter")
    rows = site.page.locator("tbody tr")
    assert await rows.count() == 1
    await site.go("/events")
    await site.page.click("#live")
    await site.page.wait_for_function("document.querySelector('#live').ariaPressed === 'true'")
    await site.event("case.closed", {"id": "c-9", "title": "Over"}, "three")
    await site.page.wait_for_selector("tbody tr >> text=case.closed")
    assert site.complaints == []


async def test_following_live_keeps_to_the_filter(site: Site) -> None:
    await failing_event(site)
    await site.sign_in(Role.VIEWER)
    await site.go("/events?state=failed")
    await site.page.click("#live")
    await site.page.wait_for_function(
        "() => document.querySelector('#live').ariaPressed === 'true'"
    )
    await site.event("job.progressed", {"job_id": "j-1"}, "two")  # it is ignored
    data = {"id": "c-2", "title": "It leaks too", "severity": "high"}
    await site.event("case.created", data, "three")
    await site.page.wait_for_selector("tbody tr >> text=c-2")
    assert "job.progressed" not in await site.page.inner_text("tbody")
    assert await site.page.locator("tbody tr").count() == 2
    await site.go("/events?rule=ticket-per-case")
    assert await site.page.locator("#live").count() == 0


async def test_the_first_event_of_all_is_seen_by_who_follows(site: Site) -> None:
    await site.sign_in(Role.VIEWER)
    await site.go("/events")
    assert "No event has come yet." in await site.text()
    await site.page.click("#live")
    await site.page.wait_for_function("document.querySelector('#live').ariaPressed === 'true'")
    await site.event("case.closed", {"id": "c-9", "title": "Over"}, "one")
    await site.page.wait_for_selector("tbody tr >> text=case.closed")
    assert "No event has come yet." not in await site.text()
    assert site.complaints == []


async def test_following_says_when_the_bridge_does_not_answer_and_when_it_has_ended(
    site: Site,
) -> None:
    await site.sign_in(Role.VIEWER)
    await site.go("/events")
    await site.page.route("**/api/v1/stream?*", lambda route: route.abort())
    await site.page.click("#live")
    await site.page.wait_for_selector("#told >> text=The bridge does not answer.")
    await site.page.unroute("**/api/v1/stream?*")
    await site.page.route("**/api/v1/stream?*", lambda route: route.fulfill(status=401))
    await site.page.wait_for_selector("#told >> text=Following has ended.")
    assert await site.page.get_attribute("#live", "aria-pressed") == "false"


async def test_older_events_follow_when_one_gets_to_the_end(site: Site) -> None:
    for number in range(60):
        await site.event("job.progressed", {"job_id": f"j-{number}"}, f"n-{number}")
    await site.sign_in(Role.VIEWER)
    await site.go("/events")
    await site.page.locator("tr.more").scroll_into_view_if_needed()
    await site.page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 60")
    assert "j-0" in await site.text()


async def test_many_dead_letters_are_replayed_at_once(site: Site) -> None:
    for number in range(3):
        data = {"id": f"c-{number}", "title": "It leaks", "severity": "high"}
        await site.event("case.created", data, f"many-{number}")
    await site.sign_in(Role.OPERATOR)
    await site.go("/dead")
    await site.page.check("input[data-all=letter]")
    await site.page.click("text=Replay the ticked")
    await site.page.wait_for_selector("#told >> text=3 events tried again.")


async def test_a_refused_delivery_is_shown_verified_again_and_deleted_with_a_reason(
    site: Site,
) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(2):
            answer = await client.post(f"{site.address}/hooks/qtangl", json={"x": HOSTILE})
            assert answer.status_code == 401
    await site.parts.front.refusals.write()
    await site.sign_in(Role.OPERATOR)
    await site.go("/quarantine")
    assert "qtangl" in await site.page.inner_text("tbody")
    boxes = site.page.locator("input[name=kept]")
    await boxes.first.check()
    await site.page.click("text=Verify the ticked again")
    await site.page.wait_for_selector("#told >> text=0 passed and go to the rules. 1 stay:")
    await site.page.check("input[data-all=kept]")
    await site.page.click("text=Delete the ticked")
    await site.page.wait_for_selector("#told >> text=Nothing was deleted")
    await site.page.check("input[data-all=kept]")
    await site.page.fill("#reason", "not ours")
    await site.page.click("text=Delete the ticked")
    await site.page.wait_for_selector("text=Nothing was refused.")
    assert site.complaints == []


async def test_a_conflict_is_shown_with_both_values_and_decided(site: Site) -> None:
    event_id = await failing_event(site)
    pair, now = PairKey("default", "both", "SEC-1", HOSTILE), 1_795_000_000_000
    await site.parts.database.write(
        lambda tx: hold(tx, pair, "status", "Done", "in-progress", event_id, now)
    )
    await site.sign_in(Role.VIEWER)
    await site.go("/conflicts")
    assert "in-progress" in await site.page.inner_text("tbody")
    assert await site.page.locator("text=Take it").count() == 0
    await site.page.context.clear_cookies()
    await site.sign_in(Role.OPERATOR)
    await site.go("/conflicts")
    await site.page.locator("text=Take it").nth(1).click()
    await site.page.wait_for_selector("#told >> text=status: the right value counts")
    assert "decided" in await site.page.inner_text("tbody")
    assert site.complaints == []


async def test_links_are_found_by_their_ticket(site: Site) -> None:
    await failing_event(site)
    await site.sign_in(Role.VIEWER)
    await site.go("/links")
    ticket = (await site.page.inner_text("tbody td a")).strip()
    await site.page.fill("#f-ticket", ticket)
    await site.page.click("text=Filter")
    assert await site.page.locator("tbody tr").count() == 1
    await site.page.fill("#f-ticket", "NONE-1")
    await site.page.click("text=Filter")
    await site.page.wait_for_selector("text=No link fits.")


async def test_events_are_searched_for_a_text_and_by_rule(site: Site) -> None:
    event_id = await failing_event(site)
    await site.event("job.progressed", {"job_id": "j-1"}, "two")
    await site.sign_in(Role.VIEWER)
    for address in ("/events?text=IT+LEAKS", "/events?rule=ticket-per-case&within=1h"):
        await site.go(address)
        assert await site.page.locator("tbody tr").count() == 1
        assert await site.page.locator(f"#{event_id}").count() == 1
    await site.go("/events?text=is-not-there")
    await site.page.wait_for_selector("text=No event fits.")


async def test_an_event_is_replayed_from_its_page_by_keyboard(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in(Role.OPERATOR)
    await site.go(f"/events/{event_id}")
    await site.page.locator("button:text-is('Replay')").focus()
    await site.page.keyboard.press("Enter")
    await site.page.wait_for_selector("#told >> text=1 dead action tried again")


async def test_a_key_is_made_shown_once_and_revoked(site: Site) -> None:
    await site.sign_in()
    await site.go("/keys")
    await site.page.fill("#k-name", "build server")
    await site.page.click("text=Make it")
    secret = (await site.page.inner_text("#made")).strip()
    assert re.fullmatch(r"brk_[\w-]{43}", secret)
    await site.go("/keys")
    assert secret not in await site.page.content()
    site.page.on("dialog", lambda dialog: dialog.accept())
    await site.page.locator("tr", has_text="build server").locator("text=Revoke").click()
    await site.page.wait_for_selector("tr >> text=revoked")
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{site.address}/api/v1/events", headers={"x-api-key": secret})
    assert answer.status_code == 401


async def test_an_integration_is_tested(site: Site) -> None:
    await site.sign_in(Role.OPERATOR)
    await site.go("/integrations")
    await site.page.click("button:text-is('Test')")
    await site.page.wait_for_selector("h1 >> text=Test of jira")
    assert "credentials" in await site.text()


async def test_a_viewer_is_offered_nothing_that_changes_anything(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in(Role.VIEWER)
    for path in ("/", "/dead", f"/events/{event_id}", "/integrations"):
        await site.go(path)
        offered = site.page.locator("main button:text-matches('Replay|Give up|Test$')")
        assert await offered.count() == 0, path
    assert "Keys" not in await site.page.inner_text("nav")
    await site.go("/keys")
    assert "another role" in await site.text()


async def test_every_page_fits_a_phone_and_is_reached_by_keyboard(site: Site) -> None:
    await failing_event(site)
    await site.page.set_viewport_size({"width": 390, "height": 844})
    await site.sign_in()
    for path in PAGES:
        await site.go(path)
        wide = await site.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, path
    await site.go("/")
    await site.page.keyboard.press("Tab")
    assert await site.page.evaluate("document.activeElement.textContent") == "Skip to the content"


async def test_without_signing_in_there_is_only_the_way_in(site: Site) -> None:
    await site.go("/events?state=failed")
    assert "/sign-in?next=%2Fevents%3Fstate%3Dfailed" in site.page.url
    await site.page.fill("#key", "brk_wrong")
    await site.page.click("text=Sign in >> nth=-1")
    assert "not known here" in await site.text()
    await site.page.fill("#key", site.keys[Role.VIEWER])
    await site.page.click("text=Sign in >> nth=-1")
    await site.page.wait_for_url(f"{site.address}/events?state=failed")
