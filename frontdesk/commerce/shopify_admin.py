"""One GraphQL document to Shopify's Admin API, and what came back.

| matter | how it is met | page below shopify.dev/docs |
| --- | --- | --- |
| address | `POST {shop}/admin/api/{version}/graphql.json` | api/admin-graphql |
| key | `X-Shopify-Access-Token`: a given token, or one that client id and secret are exchanged for and that lasts 24 hours | apps/build/authentication-authorization |
| version | asked for in the path; another one in `X-Shopify-API-Version` is logged, as Shopify serves its oldest one where ours has been retired | api/usage/versioning |
| cost | 200 with `THROTTLED`: wait until the points are restored, then once more; nothing was carried out | api/usage/limits |
| HTTP errors | 401, 402, 403, 404, 423, 429, 5xx, see `frontdesk.commerce.calls` | api/usage/response-codes |
"""  # noqa: E501

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from frontdesk.commerce.calls import DEFAULT_WAIT_S, Caller, KeyRefusedError
from frontdesk.commerce.errors import CommerceError, UnavailableError

log = logging.getLogger(__name__)

SETTINGS = "FRONTDESK_SHOPIFY_TOKEN, or FRONTDESK_SHOPIFY_CLIENT_ID and _SECRET,"
RENEW_BEFORE_S = 300.0  # a token is not used up to its last second
_LOCKED = (httpx.codes.PAYMENT_REQUIRED, httpx.codes.LOCKED)


class ShopifyAdmin:
    """A shop's Admin API; it waits for its rate limits and renews its token."""

    def __init__(
        self,
        caller: Caller,
        url: str,
        version: str,
        token: str = "",
        client_id: str = "",
        client_secret: str = "",
    ) -> None:
        self._caller = caller
        self._url = url
        self._version = version
        self._token = token
        self._client = (client_id, client_secret)
        self._expires_at = 0.0 if client_id else float("inf")
        self._version_served = version

    async def read(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """The data of a query.

        Raises:
            UnavailableError: There is no usable answer.
        """
        return await self._run(document, variables, writes=False)

    async def write(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """The data of a mutation; `userErrors` are the caller's to read.

        Raises:
            UnavailableError: Certainly nothing was written.
            UncertainError: It may have been.
        """
        return await self._run(document, variables, writes=True)

    async def pages(
        self, document: str, path: Sequence[str], variables: Mapping[str, Any]
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The nodes of the connection at `path`, page by page; none if it is null."""
        current = dict(variables)
        while True:
            found: Any = await self.read(document, **current)
            for name in path:
                found = found and found[name]
            for node in found["nodes"] if found else ():
                yield node
            if not found or not found["pageInfo"]["hasNextPage"]:
                return
            current["after"] = found["pageInfo"]["endCursor"]

    async def close(self) -> None:
        """Give back the connections."""
        await self._caller.client.aclose()

    async def _run(
        self, document: str, variables: Mapping[str, Any], writes: bool
    ) -> Mapping[str, Any]:
        waited_s = 0.0
        while True:
            body = await self._post_with_token(document, variables, writes)
            if not body.get("errors"):
                data: Mapping[str, Any] = body["data"]
                return data
            wait_s = throttled_s(body)
            if wait_s is None:
                raise self._refused(body, writes)
            waited_s += await self._caller.wait(wait_s, waited_s)

    def _refused(self, body: Mapping[str, Any], writes: bool) -> CommerceError:
        """Errors before anything ran (fields, permissions), or in the middle of it."""
        if any(body.get("data") or ()) or "INTERNAL_SERVER_ERROR" in codes_of(body):
            return self._caller.unanswered(repr(body["errors"]), writes)
        return UnavailableError(
            f"Shopify refused our request: {body['errors']!r}; check the permissions "
            f"of the app and version {self._version!r}."
        )

    async def _post_with_token(
        self, document: str, variables: Mapping[str, Any], writes: bool
    ) -> dict[str, Any]:
        try:
            return await self._post(document, variables, writes)
        except KeyRefusedError:
            if not self._client[0]:
                raise
            self._expires_at = 0.0  # withdrawn before its time: fetch another, once
            return await self._post(document, variables, writes)

    async def _post(
        self, document: str, variables: Mapping[str, Any], writes: bool
    ) -> dict[str, Any]:
        request = self._caller.client.build_request(
            "POST",
            f"{self._url}/admin/api/{self._version}/graphql.json",
            json={"query": document, "variables": variables},
            headers={"X-Shopify-Access-Token": await self._current_token()},
        )
        response = await self._caller.send(request, writes=writes)
        self._check_version(response)
        if response.status_code in _LOCKED or response.is_client_error:
            raise UnavailableError(
                f"Shopify answers with status {response.status_code} at "
                f"{self._url!r}; check FRONTDESK_SHOPIFY_URL and the shop's plan."
            )
        try:
            body: dict[str, Any] = response.json()
        except ValueError as error:
            raise self._caller.unanswered("no JSON", writes) from error
        return body

    def _check_version(self, response: httpx.Response) -> None:
        served = response.headers.get("X-Shopify-API-Version", self._version)
        if served != self._version_served:
            self._version_served = served
            log.warning(
                "Shopify serves API version %s, not %s: set "
                "FRONTDESK_SHOPIFY_API_VERSION to a supported one.",
                served,
                self._version,
            )

    async def _current_token(self) -> str:
        if time.monotonic() < self._expires_at:
            return self._token
        request = self._caller.client.build_request(
            "POST",
            f"{self._url}/admin/oauth/access_token",
            data={
                "grant_type": "client_credentials",
                "client_id": self._client[0],
                "client_secret": self._client[1],
            },
        )
        response = await self._caller.send(request, writes=False)
        if response.is_error:
            raise UnavailableError(
                f"Shopify gives no token (status {response.status_code}); check "
                f"{SETTINGS} and that the app is installed."
            )
        given = response.json()
        self._token = given["access_token"]
        self._expires_at = time.monotonic() + given["expires_in"] - RENEW_BEFORE_S
        return self._token


def throttled_s(body: Mapping[str, Any]) -> float | None:
    """Seconds until a throttled document can run; None if that is not what is wrong."""
    if "THROTTLED" not in codes_of(body):
        return None
    cost = body.get("extensions", {}).get("cost", {})
    status = cost.get("throttleStatus")
    if not status:
        return DEFAULT_WAIT_S
    missing = cost["requestedQueryCost"] - status["currentlyAvailable"]
    wait_s: float = max(0.0, missing / status["restoreRate"])
    return wait_s


def codes_of(body: Mapping[str, Any]) -> frozenset[str]:
    """The codes of a document's top-level errors."""
    found = (error.get("extensions", {}).get("code") for error in body["errors"])
    return frozenset(code for code in found if code)
