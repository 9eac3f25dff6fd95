"""From the sign-in through the gallery to a flow on the canvas, in a real browser."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.designer.conftest import DESIGNER, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("designer")]

AXE = DESIGNER / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("ALIR_PICTURES")
"""A folder to keep pictures of the pages in, to look at."""


def keep_picture(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=Path(PICTURES or folder) / f"{name}.png")


def test_from_sign_in_to_a_flow_of_ones_own(page, shop, tmp_path):
    page.goto("/flows?kind=inbound")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    page.get_by_role("heading", name="Masuk ke Alir").wait_for()
    keep_picture(page, tmp_path, "login")
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_text("Isi email kamu.")).to_be_visible()
    page.get_by_label("Email").fill(shop.email)
    page.get_by_label("Kata sandi", exact=True).fill("salah")
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Kata sandi", exact=True).fill(shop.password)
    page.get_by_role("button", name="Masuk").click()

    expect(page).to_have_url(re.compile(r"/flows\?kind=inbound$"))
    expect(page.get_by_text("SIMULATOR")).to_be_visible()
    page.goto("/flows")
    expect(page.get_by_role("heading", name="Belum ada alur")).to_be_visible()
    keep_picture(page, tmp_path, "flows-empty")
    page.get_by_role("link", name="Pilih dari galeri").click()
    page.get_by_role("link", name="Balas otomatis lengkap").wait_for()
    keep_picture(page, tmp_path, "gallery")
    page.get_by_role("link", name="Balas otomatis lengkap").click()
    page.locator("[data-card=blokir]").wait_for()
    keep_picture(page, tmp_path, "template")
    page.get_by_label("Nama alur").fill("Balasan toko")
    page.get_by_label("Jawab dengan AI").click()
    page.get_by_role("button", name="Buat alur").click()

    expect(page.get_by_role("heading", name="Balasan toko")).to_be_visible()
    expect(page.locator("[data-card=blokir]")).to_contain_text("Cek daftar blokir")
    expect(page.locator("[data-card=pesan]")).to_be_visible()
    expect(page.locator(".react-flow__edge").first).to_be_attached()
    keep_picture(page, tmp_path, "canvas")
    page.get_by_role("link", name="Alur", exact=True).first.click()
    expect(page.get_by_role("row", name=re.compile("Balasan toko"))).to_contain_text("Draf")
    keep_picture(page, tmp_path, "flows")


def test_a_deletion_can_be_taken_back(signed_in):
    page: Page = signed_in
    page.goto("/templates")
    page.get_by_role("link", name="Balas otomatis lengkap").click()
    page.get_by_label("Nama alur").fill("Balasan kedua")
    page.get_by_role("button", name="Buat alur").click()
    page.get_by_role("heading", name="Balasan kedua").wait_for()
    page.goto("/flows")

    page.get_by_role("button", name="Tindakan untuk Balasan kedua").click()
    page.get_by_role("menuitem", name="Hapus").click()
    page.get_by_role("button", name="Hapus").click()
    expect(page.get_by_role("link", name="Balasan kedua")).to_have_count(0)
    page.get_by_role("button", name="Urungkan").click()
    expect(page.get_by_role("link", name="Balasan kedua")).to_be_visible()


def test_the_palette_leads_anywhere_by_keyboard(signed_in, tmp_path):
    page: Page = signed_in
    page.keyboard.press("Control+k")
    expect(page.get_by_placeholder(re.compile("Ketik nama alur"))).to_be_focused()
    keep_picture(page, tmp_path, "palette")
    page.keyboard.type("riwayat")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs"))
    expect(page.get_by_role("heading", name="Riwayat", exact=True)).to_be_visible()


def test_language_and_theme_are_kept(signed_in, tmp_path):
    page: Page = signed_in
    page.get_by_role("button", name="Tampilan").click()
    page.get_by_role("menuitemradio", name="Gelap").click()
    page.get_by_role("button", name="Bahasa").click()
    page.get_by_role("menuitemradio", name="English").click()
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Flows", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    for name, address in {
        "dark-flows": "/flows",
        "dark-gallery": "/templates",
    }.items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        keep_picture(page, tmp_path, name)
    page.get_by_role("link", name="Siaran promo").click()
    page.locator("[data-card]").first.wait_for()
    keep_picture(page, tmp_path, "dark-broadcast")


def test_on_a_phone_the_pages_fit(signed_in, tmp_path):
    page: Page = signed_in
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/flows", "/templates", "/runs"):
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, address
    page.goto("/templates")
    page.get_by_role("link", name="Siaran promo").click()
    page.locator("[data-card]").first.wait_for()
    keep_picture(page, tmp_path, "phone-template")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_keeps_anybody_out(signed_in, theme):
    page: Page = signed_in
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = []
    for address in ("/flows", "/templates", "/runs", "/templates/broadcast", "/nowhere"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        # The debugger's door is open whatever the policy for content says.
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        said = page.evaluate("axe.run()")
        found += [
            (address, one["id"], node["html"][:150])
            for one in said["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
    assert found == []


def test_signing_out_ends_it_in_every_tab(page, shop):
    sign_in(page, shop)
    other = page.context.new_page()
    other.goto("/templates")
    other.get_by_role("heading", name="Galeri").wait_for()
    page.get_by_role("button", name="Akun").click()
    page.get_by_role("menuitem", name="Keluar").click()
    expect(page).to_have_url(re.compile("/login"))
    expect(other).to_have_url(re.compile("/login"))
    page.go_back()
    expect(page).to_have_url(re.compile("/login"))
