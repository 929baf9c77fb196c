"""What every back end must do, whoever the vendor is.

An adapter's test module holds one class with one fixture:

    class TestMyShop(BackendContract):
        @pytest.fixture
        def shop(self, run: Run) -> Iterator[Sample]:
            ...
            yield Sample(backend, ...)
            run(backend.close())

`Sample` and `Run` come from `tests.commerce.sample`. An operation that
`capabilities()` lacks has to raise `UnsupportedError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest

from frontdesk.commerce.errors import (
    NotFoundError,
    RefusedError,
    UnavailableError,
    UncertainError,
    UnsupportedError,
)
from frontdesk.commerce.values import Item, ProductQuery, ReturnLine
from frontdesk.commerce.writes import (
    CancelOrder,
    ChangeAddress,
    ClaimWarranty,
    Done,
    NotifyBackInStock,
    Reorder,
    RequestData,
    RequestExchange,
    RequestReturn,
    SetNewsletter,
    Write,
    operation_of,
)
from tests.commerce.sample import ELSEWHERE, KEY, OTHER_KEY, Run, Sample


class BackendContract:
    """The shared tests; subclasses give the fixture `shop`."""

    @pytest.fixture
    def run(self) -> Iterator[Run]:
        with asyncio.Runner() as runner:
            yield runner.run

    # Reading

    def test_an_order_is_read_in_our_terms(self, shop: Sample, run: Run) -> None:
        order = run(shop.backend.order(shop.open_order))
        assert order.number == shop.open_order
        assert order.customer_id == shop.customer_id
        assert order.placed_at.utcoffset() is not None
        assert isinstance(order.total.amount, Decimal)
        assert order.items and order.items[0].quantity >= 1
        assert order.version and order.address.postcode

    def test_case_spaces_and_hash_do_not_matter(self, shop: Sample, run: Run) -> None:
        typed = f" #{shop.open_order.lstrip('#').lower()} "
        assert run(shop.backend.order(typed)).number == shop.open_order

    def test_only_the_whole_number_finds_an_order(self, shop: Sample, run: Run) -> None:
        number = shop.open_order
        for wrong in (number[:-1], f"{number}0", "", "*", f"{number} OR 1=1", "%"):
            with pytest.raises(NotFoundError):
                run(shop.backend.order(wrong))

    def test_orders_of_a_customer_are_theirs_and_newest_first(
        self, shop: Sample, run: Run
    ) -> None:
        orders = run(shop.backend.orders_of(shop.customer_id))
        assert {shop.open_order, shop.delivered_order} <= {o.number for o in orders}
        assert {order.customer_id for order in orders} == {shop.customer_id}
        placed = [order.placed_at for order in orders]
        assert placed == sorted(placed, reverse=True)
        assert len(run(shop.backend.orders_of(shop.customer_id, top_k=1))) == 1
        assert run(shop.backend.orders_of("987654321")) == ()

    def test_a_customer_is_found_by_id_email_and_phone(
        self, shop: Sample, run: Run
    ) -> None:
        by_id = run(shop.backend.customer(shop.customer_id))
        assert by_id.email == shop.customer_email
        email = shop.customer_email.upper()
        assert run(shop.backend.customer_by_email(email)).id == shop.customer_id
        phone = shop.customer_phone
        assert run(shop.backend.customer_by_phone(phone)).id == shop.customer_id

    def test_unknown_customers_are_not_found(self, shop: Sample, run: Run) -> None:
        for question in (
            shop.backend.customer("987654321"),
            shop.backend.customer_by_email("nobody@nowhere.example"),
            shop.backend.customer_by_email(""),
            shop.backend.customer_by_phone("+447700900998"),
            shop.backend.customer_by_phone(""),
        ):
            with pytest.raises(NotFoundError):
                run(question)

    def test_a_delivered_order_says_what_was_in_its_parcels(
        self, shop: Sample, run: Run
    ) -> None:
        order = run(shop.backend.order(shop.delivered_order))
        assert order.status == "delivered"
        packed = {p.item_id for f in order.fulfilments for p in f.contents}
        assert packed == {item.id for item in order.items}
        assert all(f.delivered_at for f in order.fulfilments)

    def test_words_find_a_product_and_a_budget_excludes_it(
        self, shop: Sample, run: Run
    ) -> None:
        found = run(shop.backend.search_products(ProductQuery(text=shop.search)))
        assert shop.product_id in {product.id for product in found}
        cheap = ProductQuery(text=shop.search, max_price=Decimal("0.01"))
        assert run(shop.backend.search_products(cheap)) == ()

    def test_a_product_has_its_variants(self, shop: Sample, run: Run) -> None:
        product = run(shop.backend.product(shop.product_id))
        assert product.id == shop.product_id and product.variants
        with pytest.raises(NotFoundError):
            run(shop.backend.product("987654321"))

    def test_an_order_that_has_not_left_has_no_invoice(
        self, shop: Sample, run: Run
    ) -> None:
        if self._lacks(
            shop, run, shop.backend.invoice(shop.open_order), "read_invoice"
        ):
            return
        assert run(shop.backend.invoice(shop.open_order)) is None
        invoice = run(shop.backend.invoice(shop.delivered_order))
        assert invoice.order_number == shop.delivered_order

    def test_a_fresh_order_has_no_returns_and_refunds(
        self, shop: Sample, run: Run
    ) -> None:
        for name, read in (
            ("read_returns", shop.backend.returns_of),
            ("read_refunds", shop.backend.refunds_of),
        ):
            if not self._lacks(shop, run, read(shop.open_order), name):
                assert run(read(shop.open_order)) == ()
                with pytest.raises(NotFoundError):
                    run(read("987654321"))

    # Writing

    def test_cancelling_cancels(self, shop: Sample, run: Run) -> None:
        before = run(shop.backend.order(shop.open_order))
        done = self._write(shop, run, CancelOrder(shop.open_order, "changed my mind"))
        assert done is None or (done.operation, done.key) == ("cancel_order", KEY)
        after = run(shop.backend.order(shop.open_order))
        assert (after.status == "cancelled") == (done is not None)
        assert (after.version != before.version) == (done is not None)

    def test_the_same_key_again_does_nothing_more(self, shop: Sample, run: Run) -> None:
        write = CancelOrder(shop.open_order, "changed my mind")
        done = self._write(shop, run, write)
        version = run(shop.backend.order(shop.open_order)).version
        assert self._write(shop, run, write) == done
        assert run(shop.backend.order(shop.open_order)).version == version

    def test_the_same_key_twice_at_once_has_one_effect(
        self, shop: Sample, run: Run
    ) -> None:
        write = self._return_of_all(shop, run)
        if self._write_lacks(shop, run, write):
            return

        async def both() -> list[Done]:
            sent = (shop.backend.write(write, KEY) for _ in range(2))
            return await asyncio.gather(*sent)

        first, second = run(both())
        assert first == second
        assert len(run(shop.backend.returns_of(shop.delivered_order))) == 1

    def test_a_key_cannot_be_used_for_something_else(
        self, shop: Sample, run: Run
    ) -> None:
        if not shop.remembers_keys:
            return
        self._write(shop, run, CancelOrder(shop.open_order, "changed my mind"))
        with pytest.raises(RefusedError) as refusal:
            run(shop.backend.write(CancelOrder(shop.shipped_order, "no"), KEY))
        assert refusal.value.reason == "key_reused"

    def test_a_cancelled_order_is_not_cancelled_again(
        self, shop: Sample, run: Run
    ) -> None:
        write = CancelOrder(shop.open_order, "changed my mind")
        if self._write(shop, run, write) is None:
            return
        with pytest.raises(RefusedError) as refusal:
            run(shop.backend.write(write, OTHER_KEY))
        assert refusal.value.reason == "already_cancelled"

    @pytest.mark.parametrize("change", ["cancel", "address"])
    def test_what_has_left_stays_as_it_is(
        self, shop: Sample, run: Run, change: str
    ) -> None:
        write: Write = CancelOrder(shop.shipped_order, "late")
        if change == "address":
            write = ChangeAddress(shop.shipped_order, ELSEWHERE)
        if self._write_lacks(shop, run, write):
            return
        before = run(shop.backend.order(shop.shipped_order))
        with pytest.raises(RefusedError) as refusal:
            run(shop.backend.write(write, KEY))
        assert refusal.value.reason == "already_shipped"
        assert run(shop.backend.order(shop.shipped_order)) == before

    def test_writes_to_an_unknown_order_find_nothing(
        self, shop: Sample, run: Run
    ) -> None:
        line = ReturnLine("1", 1, "changed_mind")
        for write in (
            CancelOrder("987654321", "x"),
            ChangeAddress("987654321", ELSEWHERE),
            RequestReturn("987654321", (line,)),
            Reorder("987654321"),
            ClaimWarranty("987654321", "1", "It leaks."),
        ):
            if not self._write_lacks(shop, run, write):
                with pytest.raises(NotFoundError):
                    run(shop.backend.write(write, KEY))

    def test_a_new_address_is_kept(self, shop: Sample, run: Run) -> None:
        if self._write(shop, run, ChangeAddress(shop.open_order, ELSEWHERE)) is None:
            return
        assert run(shop.backend.order(shop.open_order)).address == ELSEWHERE

    def test_a_return_is_announced_once_for_each_piece(
        self, shop: Sample, run: Run
    ) -> None:
        write = self._return_of_all(shop, run)
        done = self._write(shop, run, write)
        if done is None:
            return
        (made,) = run(shop.backend.returns_of(shop.delivered_order))
        assert done.reference == made.id
        assert made.kind == "return"
        assert [(line.item_id, line.quantity) for line in made.lines] == [
            (line.item_id, line.quantity) for line in write.lines
        ]
        with pytest.raises(RefusedError) as refusal:
            run(shop.backend.write(write, OTHER_KEY))
        assert refusal.value.reason == "already_returned"

    def test_an_item_of_another_order_cannot_go_back(
        self, shop: Sample, run: Run
    ) -> None:
        foreign = run(shop.backend.order(shop.shipped_order)).items[0]
        line = ReturnLine(foreign.id, 1, "changed_mind")
        write = RequestReturn(shop.delivered_order, (line,))
        if not self._write_lacks(shop, run, write):
            with pytest.raises(NotFoundError):
                run(shop.backend.write(write, KEY))

    def test_an_exchange_names_what_comes_instead(self, shop: Sample, run: Run) -> None:
        item = self._items(shop, run)[0]
        product = run(shop.backend.product(item.product_id))
        other = [v for v in product.variants if v.available and v.id != item.variant_id]
        variant_id = other[0].id if other else "1"
        line = ReturnLine(item.id, 1, "wrong_size", variant_id)
        write = RequestExchange(shop.delivered_order, (line,))
        if self._write(shop, run, write) is None:
            return
        (made,) = run(shop.backend.returns_of(shop.delivered_order))
        assert made.kind == "exchange"
        assert made.lines[0].variant_id == variant_id

    def test_ordering_again_gives_a_link_to_pay(self, shop: Sample, run: Run) -> None:
        done = self._write(shop, run, Reorder(shop.delivered_order))
        assert done is None or done.url.startswith("http")

    def test_a_stock_notice_is_taken(self, shop: Sample, run: Run) -> None:
        write = NotifyBackInStock(shop.sold_out_variant, shop.customer_email)
        done = self._write(shop, run, write)
        assert done is None or done.operation == "notify_back_in_stock"

    def test_a_warranty_claim_has_a_reference(self, shop: Sample, run: Run) -> None:
        item = self._items(shop, run)[0]
        write = ClaimWarranty(shop.delivered_order, item.id, "It leaks.")
        done = self._write(shop, run, write)
        assert done is None or done.reference

    def test_the_newsletter_starts_and_stops(self, shop: Sample, run: Run) -> None:
        for subscribed, key in ((True, KEY), (False, OTHER_KEY)):
            write = SetNewsletter(shop.customer_email, subscribed)
            if self._write_lacks(shop, run, write):
                return
            run(shop.backend.write(write, key))
            customer = run(shop.backend.customer(shop.customer_id))
            assert customer.newsletter == subscribed

    def test_a_request_for_data_has_a_reference(self, shop: Sample, run: Run) -> None:
        done = self._write(shop, run, RequestData(shop.customer_id, "export"))
        assert done is None or done.reference

    # When it goes wrong

    def test_a_write_can_be_asked_for_afterwards(self, shop: Sample, run: Run) -> None:
        write = CancelOrder(shop.open_order, "changed my mind")
        assert run(shop.backend.find_write(write, KEY)) is None
        done = self._write(shop, run, write)
        assert run(shop.backend.find_write(write, KEY)) == done

    def test_a_lost_answer_is_uncertain_and_then_found(
        self, shop: Sample, run: Run
    ) -> None:
        write = CancelOrder(shop.open_order, "changed my mind")
        if self._write_lacks(shop, run, write):
            return
        shop.lose_next_answer()
        with pytest.raises(UncertainError):
            run(shop.backend.write(write, KEY))
        found = run(shop.backend.find_write(write, KEY))
        assert found is not None and found.operation == "cancel_order"
        version = run(shop.backend.order(shop.open_order)).version
        assert run(shop.backend.write(write, KEY)).operation == "cancel_order"
        assert run(shop.backend.order(shop.open_order)).version == version

    def test_a_shop_that_is_down_is_unavailable(self, shop: Sample, run: Run) -> None:
        shop.go_down()
        for call in (
            shop.backend.order(shop.open_order),
            shop.backend.customer(shop.customer_id),
            shop.backend.search_products(ProductQuery(text=shop.search)),
            shop.backend.write(CancelOrder(shop.open_order, "x"), KEY),
        ):
            with pytest.raises(UnavailableError):
                run(call)

    # Helpers

    def _items(self, shop: Sample, run: Run) -> tuple[Item, ...]:
        items: tuple[Item, ...] = run(shop.backend.order(shop.delivered_order)).items
        return items

    def _return_of_all(self, shop: Sample, run: Run) -> RequestReturn:
        lines = [
            ReturnLine(item.id, item.quantity, "changed_mind")
            for item in self._items(shop, run)
        ]
        return RequestReturn(shop.delivered_order, tuple(lines))

    def _write(self, shop: Sample, run: Run, write: Write) -> Done | None:
        """What was done, or None for an operation that is rightly not offered."""
        if self._write_lacks(shop, run, write):
            return None
        done: Done = run(shop.backend.write(write, KEY))
        return done

    def _write_lacks(self, shop: Sample, run: Run, write: Write) -> bool:
        if operation_of(write) in shop.backend.capabilities():
            return False
        with pytest.raises(UnsupportedError):
            run(shop.backend.write(write, KEY))
        return True

    def _lacks(
        self, shop: Sample, run: Run, call: Coroutine[Any, Any, Any], name: str
    ) -> bool:
        if name in shop.backend.capabilities():
            call.close()
            return False
        with pytest.raises(UnsupportedError):
            run(call)
        return True
