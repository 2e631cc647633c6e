"""The rule editor in a real browser: lint, completion, trying a change, and saving it."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog

from bridge.access.role import Role
from tests.pages.conftest import RULES, Site, failing_event

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
editable = pytest.mark.configured(('/rules"}', '/rules", editable: true}'))


async def type_at_end(site: Site, text: str) -> None:
    await site.page.click(".cm-content")
    await site.page.keyboard.press("Control+End")
    await site.page.keyboard.insert_text(text)


async def test_the_editor_marks_mistakes_as_one_types_and_gives_a_patch(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await site.page.wait_for_selector("text=No mistake found.")
    await site.page.click(".cm-content")
    await site.page.keyboard.press("Control+End")
    await site.page.keyboard.insert_text("wrong_key: 1\n")
    await site.page.wait_for_selector(".cm-lintRange-error")
    assert "1 to mend" in await site.page.inner_text("#problems")
    await site.page.click("text=Show the patch")
    await site.page.wait_for_selector("#patch")
    assert "+wrong_key: 1" in await site.page.inner_text("#patch")
    assert site.complaints == []


async def test_the_editor_explains_tests_and_back_tests_a_change(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in()
    await site.go(f"/rules/edit?file=cases.yaml&event={event_id}")
    await site.page.wait_for_selector(".cm-content")
    await site.page.click("button:text-is('Explain')")
    await site.page.wait_for_selector("#tried >> text=ticket-per-case")
    await site.page.click("button:text-is('Test')")
    await site.page.wait_for_selector("#tried >> text=0 tests, 0 failed")
    await site.page.click("button:text-is('Back-test')")
    await site.page.wait_for_selector("#tried >> text=played,", timeout=60_000)


async def test_the_editor_completes_actions_and_names_while_one_types(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await type_at_end(site, "# ")
    await site.page.keyboard.type("trans")
    await site.page.wait_for_selector(".cm-tooltip-autocomplete >> text=transition")
    await site.page.wait_for_timeout(100)  # the list takes no key in its first 75 ms
    await site.page.keyboard.press("Enter")
    assert "# transition" in await site.page.inner_text(".cm-content")


async def test_without_permission_of_the_operator_there_is_a_patch_and_no_save(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    assert await site.page.locator("button:text-is('Save')").count() == 0
    assert "rules.editable: true" in await site.text()


@editable
async def test_an_edit_is_saved_put_in_force_and_the_old_text_kept(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    before = site.parts.rules.version
    for text in ("vars: {a: first}\n", "# second\n"):
        await type_at_end(site, text)
        await site.page.click("button:text-is('Save')")
        await site.page.wait_for_selector("#tried >> text=Saved.")
        await site.page.evaluate("document.getElementById('tried').replaceChildren()")
    text = (site.rules / "cases.yaml").read_text("utf-8")
    assert text == RULES + "vars: {a: first}\n# second\n"
    assert site.parts.rules.version != before
    kept = {file.read_text("utf-8") for file in (site.rules / ".old").iterdir()}
    assert kept == {RULES, RULES + "vars: {a: first}\n"}
    assert site.complaints == []


@editable
async def test_a_mistake_is_said_beside_the_editor_and_nothing_is_saved(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await type_at_end(site, "wrong_key: 1\n")
    await site.page.keyboard.press("Control+s")
    await site.page.wait_for_selector("#tried >> text=Nothing was saved.")
    assert "cases.yaml:13:1" in await site.page.inner_text("#tried")
    assert (site.rules / "cases.yaml").read_text("utf-8") == RULES


@editable
async def test_a_file_that_another_changed_meanwhile_is_not_overwritten(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await site.page.wait_for_selector(".cm-content")
    (site.rules / "cases.yaml").write_text(RULES + "# theirs\n", "utf-8")
    await type_at_end(site, "# mine\n")
    await site.page.click("button:text-is('Save')")
    await site.page.wait_for_selector("#tried >> text=has changed since it was opened")
    told = await site.page.inner_text("#patch")
    assert "-# theirs" in told
    assert "+# mine" in told
    assert (site.rules / "cases.yaml").read_text("utf-8") == RULES + "# theirs\n"


@editable
async def test_a_new_file_is_given_a_name_and_saved(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit")
    await site.page.fill("#file", "teams/scans.yaml")
    await site.page.click("button:text-is('Save')")
    await site.page.wait_for_selector("#tried >> text=Saved.")
    await site.go("/rules")
    assert "say-what-this-rule-is-for" in await site.text()
    assert (site.rules / "teams" / "scans.yaml").exists()


@editable
async def test_only_an_admin_is_offered_to_save(site: Site) -> None:
    await site.sign_in(Role.OPERATOR)
    await site.go("/rules/edit?file=cases.yaml")
    assert await site.page.locator("button:text-is('Save')").count() == 0
    assert "Only an admin saves" in await site.text()


BROKEN = "version: 1\nrules:\n  - {name: other, on: ping, thn: []}\n"


async def test_mistakes_of_another_file_are_told_and_not_marked_in_this_one(site: Site) -> None:
    (site.rules / "other.yaml").write_text(BROKEN, "utf-8")
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await site.page.wait_for_selector("#mistakes >> text=other.yaml, line 3")
    assert "2 to mend" in await site.page.inner_text("#problems")
    assert await site.page.locator(".cm-lintRange-error").count() == 0


async def test_a_mistake_is_listed_in_words_and_its_place_reached_by_keyboard(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await type_at_end(site, "wrong_key: 1\n")
    await site.page.press("#mistakes button:text-is('line 13')", "Enter")
    await site.page.keyboard.insert_text("less_")
    assert "less_wrong_key: 1" in await site.page.inner_text(".cm-content")
    for key in ("Escape", "Escape", "Tab"):  # the first may close what completion offers
        await site.page.keyboard.press(key)
    assert await site.page.evaluate("document.activeElement.closest('.cm-editor')") is None
    assert site.complaints == []


@editable
async def test_enter_in_a_field_explains_and_saves_nothing(site: Site) -> None:
    event_id = await failing_event(site)
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await type_at_end(site, "# not yet\n")
    await site.page.fill("#event", event_id)
    await site.page.press("#event", "Enter")
    await site.page.wait_for_selector("#tried >> text=ticket-per-case")
    assert (site.rules / "cases.yaml").read_text("utf-8") == RULES


async def test_the_editor_says_when_nothing_was_checked(site: Site) -> None:
    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await site.page.wait_for_selector("text=No mistake found.")
    await site.page.route("**/api/v1/rules/check", lambda route: route.abort())
    await type_at_end(site, "wrong_key: 1\n")
    await site.page.wait_for_selector("text=Not checked: the bridge does not answer.")


@editable
async def test_an_edit_that_is_not_saved_is_not_left_without_a_question(site: Site) -> None:
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    await site.sign_in()
    await site.go("/rules/edit?file=cases.yaml")
    await type_at_end(site, "# mine\n")
    site.page.on("dialog", stay)
    await site.page.click("nav >> text=Events")
    assert asked == ["beforeunload"]
    assert site.page.url.endswith("/rules/edit?file=cases.yaml")
    await site.page.click("button:text-is('Save')")
    await site.page.wait_for_selector("#tried >> text=Saved.")
    await site.page.click("nav >> text=Events")
    await site.page.wait_for_url("**/events")
