"""One request to WooCommerce's REST API, and what came back.

| matter | how it is met | page |
| --- | --- | --- |
| address | `{site}/wp-json/wc/v3/…` | developer.woocommerce.com/docs/apis/rest-api/v3/ |
| key | consumer key and secret by Basic authentication, over HTTPS only | …/authentication |
| pages | `page` and `per_page`, at most 100; the end by `X-WP-TotalPages` | …/introduction |
| errors | 400, 401, 403, 404, 5xx with `{code, message, data}` | …/introduction |
| rate limit | none of its own for this API; hosts answer 429 with `Retry-After` | …/store-api/rate-limiting |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from frontdesk.commerce.calls import Caller
from frontdesk.commerce.errors import RefusedError, UnavailableError

SETTINGS = "FRONTDESK_WOOCOMMERCE_KEY and FRONTDESK_WOOCOMMERCE_SECRET"
PER_PAGE = 100

Json = Mapping[str, Any]


class WooCommerceRest:
    """A shop's REST API."""

    def __init__(
        self, caller: Caller, url: str, version: str, key: str, secret: str
    ) -> None:
        self._caller = caller
        self._root = f"{url}/wp-json/{version}"
        self._auth = httpx.BasicAuth(key, secret)

    async def read(self, path: str, **query: str | int) -> Any | None:
        """The JSON at a path; None where there is nothing (404).

        Raises:
            UnavailableError: There is no usable answer.
        """
        return self._json(await self._get(path, query))

    async def pages(
        self, path: str, max_pages: int, **query: str | int
    ) -> AsyncIterator[Json]:
        """The elements of a list, page by page; none where there is no such list."""
        for page in range(1, max_pages + 1):
            asked = {"per_page": PER_PAGE, **query, "page": page}
            response = await self._get(path, asked)
            for element in self._json(response) or ():
                yield element
            if page >= int(response.headers.get("X-WP-TotalPages", 0)):
                return

    async def write(self, method: str, path: str, body: Json) -> Json:
        """What the shop has now at the path.

        Raises:
            RefusedError: The shop says no; nothing was changed.
            UnavailableError: Certainly nothing was changed.
            UncertainError: It may have been.
        """
        request = self._caller.client.build_request(
            method, f"{self._root}/{path}", json=body
        )
        response = await self._send(request, writes=True)
        if response.is_client_error:
            raise RefusedError(
                f"WooCommerce refuses {method} {path}: {_said(response)}", "not_allowed"
            )
        try:
            found: Json = response.json()
        except ValueError as error:
            raise self._caller.unanswered("no JSON", writes=True) from error
        return found

    async def close(self) -> None:
        """Give back the connections."""
        await self._caller.client.aclose()

    async def _get(self, path: str, query: Mapping[str, str | int]) -> httpx.Response:
        request = self._caller.client.build_request(
            "GET", f"{self._root}/{path}", params=dict(query)
        )
        return await self._send(request, writes=False)

    async def _send(self, request: httpx.Request, *, writes: bool) -> httpx.Response:
        # Signed by hand: `send` with `auth` would follow a challenge to another host.
        signed = next(self._auth.auth_flow(request))
        return await self._caller.send(signed, writes=writes)

    def _json(self, response: httpx.Response) -> Any | None:
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.is_client_error:
            raise UnavailableError(
                f"WooCommerce refuses {response.request.url.path!r}: {_said(response)}"
            )
        try:
            return response.json()
        except ValueError as error:
            raise UnavailableError(
                f"{response.request.url.host!r} does not answer with JSON; check "
                "FRONTDESK_WOOCOMMERCE_URL and that pretty permalinks are on."
            ) from error


def _said(response: httpx.Response) -> str:
    """The shop's own code and sentence, as far as there are any."""
    try:
        body = response.json()
        return f"{body['code']} ({body['message']})"
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
