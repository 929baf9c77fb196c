"""The widget as a test sees it; Playwright looks into its shadow root."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Chat:
    """The one widget of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher = page.locator("frontdesk-widget .launcher")
        self.panel = page.locator("frontdesk-widget [role=dialog]")
        self.field = self.panel.locator(".composer textarea")
        self.badge = page.locator("frontdesk-widget .badge")
        self.spoken = page.locator("frontdesk-widget [aria-live=polite].unseen p")

    def send(self, text: str) -> None:
        self.field.fill(text)
        self.field.press("Enter")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def bubbles(self, side: str) -> Locator:
        """The messages of one side, `user` or `bot`; the greeting is the bot's."""
        return self.panel.locator(f".turn.{side} .bubble")

    def expect_reply(self, text: str) -> None:
        """Wait until the last reply is finished and says exactly this."""
        expect(self.panel.locator(".stage")).to_have_count(0)
        expect(self.bubbles("bot").last).to_have_text(text)

    def expect_texts(self, side: str, texts: list[str]) -> None:
        expect(self.bubbles(side)).to_have_text(texts)

    def focused(self) -> str:
        """What has the focus: its label, its text or its name."""
        return self.page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              return at.getAttribute('aria-label') || at.textContent.trim()
                || at.tagName;
            }"""
        )
