from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import jwt
import pytest
from starlette.testclient import TestClient

from frontdesk.commerce.demo.kinds import KINDS
from frontdesk.commerce.demo.people import make_people
from frontdesk.page import create_app
from frontdesk.page.basket import MOST, changed, read_basket, write_basket
from frontdesk.page.catalogue import read_catalogue
from frontdesk.page.customers import CUSTOMERS, customer_of, session_of
from frontdesk.settings import Settings, SettingsError

SECRET = "a-secret-of-at-least-thirty-two-bytes"
CATALOGUE = """\
id,sku,name,family,price_gbp,stock,variants,url,description,specifications
arden-s,A1,Arden S,Lighting,39.00,3,"colour: brass, black",u,\
For shelves <and> tables,width: 12 cm; power: 5 W; indoor use only
arden-m,A2,Arden M,Lighting,49.00,40,colour: brass,u,Larger,width: 20 cm
mira,M1,Mira 1.5,Kettles,1039.00,9,colour: steel,u,Boils,power: 2400 W
"""


@pytest.fixture()
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "catalogue.csv").write_text(CATALOGUE, "utf-8")
    return Settings(
        kb=tmp_path, identity_secret=SECRET, support_contact="hello@shop.example"
    )


@pytest.fixture()
def shop(settings: Settings) -> TestClient:
    return TestClient(create_app(settings), base_url="http://127.0.0.1:8080")


def test_first_page_shows_one_product_of_each_family(shop: TestClient) -> None:
    shown = shop.get("/").text
    assert "Arden S" in shown and "£39.00" in shown
    assert "Mira 1.5" in shown and "£1,039.00" in shown
    assert "Arden M" not in shown
    assert "hello@shop.example" in shown


def test_family_shows_all_its_products(shop: TestClient) -> None:
    shown = shop.get("/family/lighting").text
    assert "Arden S" in shown and "Arden M" in shown and "Mira" not in shown


def test_product_page_tells_the_widget_which_product_it_is(shop: TestClient) -> None:
    shown = shop.get("/shop/arden-s").text
    assert 'data-product="arden-s"' in shown
    assert "For shelves &lt;and&gt; tables" in shown
    assert "Only 3 left" in shown
    assert re.search(r"<dt>Width</dt><dd>12 cm</dd>", shown)
    assert re.search(r"<dt>Note</dt><dd>indoor use only</dd>", shown)
    assert 'data-product=""' in shop.get("/").text


@pytest.mark.parametrize("path", ["/shop/nothing", "/family/nothing", "/nothing"])
def test_unknown_page_says_so_in_the_shops_words(shop: TestClient, path: str) -> None:
    answer = shop.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_shop_without_a_catalogue_still_opens(tmp_path: Path) -> None:
    settings = Settings(kb=tmp_path, identity_secret=SECRET)
    answer = TestClient(create_app(settings)).get("/")
    assert answer.status_code == 200
    assert "widget.js" in answer.text


def test_pages_allow_only_themselves_and_the_assistant(shop: TestClient) -> None:
    policy = shop.get("/").headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "connect-src 'self' http://127.0.0.1:5005 ws://127.0.0.1:5005; " in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("host", "assistant"),
    [
        ("localhost:8080", "http://localhost:5005"),
        ("10.0.0.7:8080", "http://10.0.0.7:5005"),
        ("a; script-src *", "http://127.0.0.1:5005"),
    ],
)
def test_assistant_is_reached_under_the_name_of_the_shop(
    shop: TestClient, host: str, assistant: str
) -> None:
    answer = shop.get("/", headers={"host": host})
    assert f'data-server="{assistant}"' in answer.text
    assert "script-src *" not in answer.headers["content-security-policy"]


def test_assistant_elsewhere_is_reached_where_it_is(settings: Settings) -> None:
    app = create_app(replace(settings, rasa_url="https://bot.example/"))
    answer = TestClient(app).get("/")
    assert 'data-server="https://bot.example"' in answer.text
    assert "wss://bot.example;" in answer.headers["content-security-policy"]


def test_built_widget_is_served_with_its_headers(shop: TestClient) -> None:
    loader = shop.get("/widget/widget.js")
    assert loader.headers["cache-control"] == "no-cache"
    assert loader.headers["content-type"].startswith("text/javascript")
    app = re.search(r"app\.js\?v=\w+", loader.text)
    assert app
    kept = shop.get(f"/widget/{app[0]}")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["cross-origin-resource-policy"] == "cross-origin"


def test_basket_follows_its_buttons(shop: TestClient) -> None:
    for change in ("more", "more", "less"):
        shop.post("/basket", data={"product": "mira", "change": change})
    shop.post("/basket", data={"product": "arden-s"})
    shop.post("/basket", data={"product": "nothing"})
    shown = shop.get("/basket").text
    assert shown.count("<li>") == 2
    assert "£1,078.00" in shown
    shop.post("/basket", data={"product": "mira", "change": "less"})
    assert "Mira" not in shop.get("/basket").text.split("<main")[1]


def test_basket_leaves_out_what_a_cookie_gets_wrong(settings: Settings) -> None:
    products = read_catalogue(settings.kb / "products" / "catalogue.csv")
    cookie = "mira:2.nothing:1.arden-s:x.arden-m:999999.:3.arden-s:0"
    basket = read_basket(cookie, products)
    assert basket == {"mira": 2, "arden-m": MOST}
    assert read_basket(write_basket(basket), products) == basket
    assert changed({"mira": MOST}, "mira", 1) == {"mira": MOST}
    assert changed({"mira": 1}, "mira", -1) == {}


def test_signing_in_and_out(shop: TestClient) -> None:
    assert "Sign in" in shop.get("/account").text
    shop.post("/account", data={"customer": "C-1007"})
    assert "Hello, Mia Wilson" in shop.get("/account").text
    assert 'data-signed-in="yes"' in shop.get("/").text
    shop.post("/account", data={})
    assert "choose who you are" in shop.get("/account").text
    assert 'data-signed-in=""' in shop.get("/").text


def test_identity_is_signed_for_the_customer_and_the_session(shop: TestClient) -> None:
    shop.post("/account", data={"customer": "C-1007"})
    answer = shop.post("/identity", json={"session": "web:abc"})
    assert answer.headers["cache-control"] == "no-store"
    claims = jwt.decode(answer.json()["token"], SECRET, ["HS256"], audience="frontdesk")
    lifetime = claims.pop("exp") - claims.pop("iat")
    assert lifetime == 900
    assert claims == {
        "sub": "C-1007",
        "email": "mia.wilson6@mail.example",
        "name": "Mia Wilson",
        "aud": "frontdesk",
        "sid": "web:abc",
    }


def test_nobody_gets_an_identity_without_signing_in(shop: TestClient) -> None:
    assert shop.post("/identity", json={"session": "web:abc"}).status_code == 401


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"session": 1}', '{"session": "a b"}']
)
def test_identity_needs_a_session(shop: TestClient, body: str) -> None:
    shop.post("/account", data={"customer": "C-1007"})
    assert shop.post("/identity", content=body).status_code == 400


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c"])
def test_forged_cookie_signs_nobody_in(cookie: str) -> None:
    assert customer_of(cookie, SECRET) is None
    other = session_of(CUSTOMERS["C-1007"], SECRET[::-1])
    assert customer_of(other, SECRET) is None


def test_token_for_the_assistant_is_no_cookie_of_the_shop(shop: TestClient) -> None:
    shop.post("/account", data={"customer": "C-1007"})
    token = shop.post("/identity", json={"session": "web:abc"}).json()["token"]
    assert customer_of(token, SECRET) is None


def test_shop_does_not_start_without_its_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FRONTDESK_IDENTITY_SECRET is empty"):
        create_app(Settings(kb=tmp_path))


def test_customers_and_orders_are_those_of_the_demo_shop() -> None:
    people = make_people(Random(20_26), len(KINDS))
    for customer in CUSTOMERS.values():
        index = int(customer.id[2:]) - 1001
        assert (people[index].name, people[index].email) == (
            customer.name,
            customer.email,
        )
        assert customer.order == f"LO-{100_101 + index}"
        assert not KINDS[index].guest


def test_every_family_of_the_catalogue_has_a_drawing() -> None:
    products = read_catalogue(Path("kb/products/catalogue.csv"))
    assert len(products) == 91
    drawings = Path("frontdesk/page/templates/drawings")
    for family in {product.family_id for product in products.values()}:
        assert (drawings / f"{family}.svg").is_file(), family
