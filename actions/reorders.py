"""The same order once more."""

from __future__ import annotations

from typing import Any

from actions.confirmations import FinishWrite, confirm
from actions.forms import SkillForm
from actions.tasks import Task
from actions.verification import own_order, read_identity
from frontdesk.commerce.writes import Reorder


class ValidateReorderForm(SkillForm):
    """Needs an own order, and a yes to ordering it again at today's prices."""

    form = "reorder_form"
    intent = "reorder"

    async def read(self, task: Task) -> dict[str, Any]:
        return read_identity(task)

    async def advance(self, task: Task) -> None:
        order = await own_order(task)
        if order is not None:
            await confirm(task, Reorder(order.number))


class ActionReorder(FinishWrite):
    """Prepares the order that was confirmed; the customer pays through a link."""

    form = "reorder_form"

    def name(self) -> str:
        return "action_reorder"
