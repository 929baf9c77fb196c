"""What a GraphQL document costs, by Shopify's documented rules, and the bucket.

Scalars cost nothing, an object one point, a mutation ten, a connection two plus what
each of the `first` objects costs. https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

SINGLE_DOCUMENT_MAX = 1000


def cost_of(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]
) -> int:
    """The points a document asks for; an unlimited connection is a `ValueError`."""
    walk = _Walk(schema, document, variables)
    (operation,) = (
        one for one in document.definitions if isinstance(one, OperationDefinitionNode)
    )
    if operation.operation.value == "mutation":
        return 10 * len(operation.selection_set.selections)
    return walk.selections(operation.selection_set, schema.query_type)


@dataclass
class Bucket:
    """Points that come back with time; what a document does not get, it waits for."""

    maximum: float = 2000.0
    restore_rate: float = 100.0
    available: float = 2000.0
    _since: float = field(default_factory=time.monotonic)

    def take(self, points: int) -> bool:
        now = time.monotonic()
        restored = (now - self._since) * self.restore_rate
        self.available = min(self.maximum, self.available + restored)
        self._since = now
        if points > self.available:
            return False
        self.available -= points
        return True

    def give_back(self, points: int) -> None:
        self.available = min(self.maximum, self.available + points)

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": self.available,
            "restoreRate": self.restore_rate,
        }


def actual_cost(data: Any) -> int:
    """The points of what was found; the rest of what was asked for is given back."""
    if isinstance(data, list):
        return sum(actual_cost(one) for one in data)
    if isinstance(data, dict):
        own = 2 if "nodes" in data else 1
        return own + sum(actual_cost(one) for one in data.values())
    return 0


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }

    def selections(self, node: SelectionSetNode | None, kind: Any) -> int:
        total = 0
        for one in node.selections if node else ():
            if isinstance(one, FieldNode):
                total += self._field(one, kind)
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                total += self.selections(fragment.selection_set, kind)
            elif isinstance(one, InlineFragmentNode):
                name = one.type_condition
                inner = self._schema.type_map[name.name.value] if name else kind
                total += self.selections(one.selection_set, inner)
        return total

    def _field(self, node: FieldNode, kind: Any) -> int:
        if not node.selection_set:
            return 0
        definition = kind.fields[node.name.value]
        inner = get_named_type(definition.type)
        count = self._first(node)
        children = self.selections(node.selection_set, inner)
        if inner.name.endswith("Connection"):
            if count is None:
                raise ValueError(
                    f"you must provide one of first or last for {node.name.value!r}"
                )
            page_info = 1 if children and _asks(node.selection_set, "pageInfo") else 0
            return 2 + count * (children - page_info) + page_info
        if node.name.value == "nodes":
            return 1 + children
        return (count or 1) * (1 + children)

    def _first(self, node: FieldNode) -> int | None:
        for argument in node.arguments:
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    value: int = self._variables[argument.value.name.value]
                    return value
        return None


def _asks(node: SelectionSetNode, name: str) -> bool:
    return any(
        isinstance(one, FieldNode) and one.name.value == name for one in node.selections
    )
