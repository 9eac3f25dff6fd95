"""The simulator's page of phones, as a person uses it."""

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000


class PhonesPage:
    """One chat at a time: a customer's phone, and beside it the owner's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._answers = page.locator("#messages .bubble:not(.mine)")

    def open_chat(self, number: str, phone: str, name: str) -> None:
        """Write to a business number as a customer who may be new."""
        self.page.locator("#sessions").get_by_role("button", name=number).click()
        self.page.locator("#new-phone").fill(phone)
        self.page.locator("#new-name").fill(name)
        self.page.get_by_role("button", name="Buka").click()
        expect(self.page.locator("#composer")).to_be_visible()

    def go_back_to(self, name: str) -> None:
        """Open a chat of the same number that is there already."""
        self.page.locator("#chats").get_by_role("button", name=name).click()

    def write(self, *texts: str) -> None:
        """The customer writes, one message after the other."""
        self.page.get_by_text("Sebagai pelanggan", exact=True).click()
        self._send(texts, ".bubble.mine")

    def answer_as_owner(self, text: str) -> None:
        """The owner writes into the chat from the phone."""
        self.page.get_by_text("Sebagai pemilik (HP)", exact=True).click()
        self._send([text], ".bubble:not(.mine)")

    @property
    def answers(self) -> Locator:
        """What the customer got, from the bot and from the owner."""
        return self._answers

    def expect_answers(self, *pieces: str) -> None:
        """So many answers stand there, each with its piece."""
        expect(self._answers).to_have_count(len(pieces))
        for place, piece in enumerate(pieces):
            expect(self._answers.nth(place)).to_contain_text(piece)

    def _send(self, texts: "tuple[str, ...] | list[str]", mine: str) -> None:
        box = self.page.locator("#text")
        shown = self.page.locator(f"#messages {mine}")
        before = shown.count()
        for number, text in enumerate(texts, 1):
            box.fill(text)
            box.press("Enter")
            expect(shown).to_have_count(before + number)
