"""What the assistant says when it does not answer: short, honest, with a way on."""

from __future__ import annotations

from collections.abc import Sequence

from frontdesk.settings import Settings

EMPTY = "I did not get any text. What would you like to know?"
STOPPED = "All right, I've stopped. What would you like to know instead?"


def ask_which(
    noun: str, choices: Sequence[str], lines: Sequence[str] = (), about: str = ""
) -> str:
    """A question back that names the choices.

    Args:
        noun: What they are, "" where that is not known.
        choices: Their names.
        lines: What is known of each, if it is to be told at once.
        about: What the lines are about, "" where the noun says it.
    """
    known = noun and noun != "product"
    begin = f"It depends on the {noun}" if known else "It depends"
    which = f"Which {noun} do you mean" if known else "Which one do you mean"
    if lines:
        told = "\n".join(f"- {line}" for line in lines)
        return f"{about or begin}:\n{told}\n\n{which}?"
    return f"{begin}. {which}: {_listed(choices)}?"


def abstain(settings: Settings) -> str:
    """That the knowledge does not cover it, and who can help."""
    return (
        "I can't find that in our help pages, so I'd rather not guess. "
        f"A colleague can help: {settings.support_contact} "
        f"({settings.support_hours}). Or ask me to pass you on to a person."
    )


def escalate(reason: str, settings: Settings) -> str:
    """Why a person should take over, and how to reach one."""
    reach = f"{settings.support_contact} ({settings.support_hours})"
    if reason == "danger":
        return (
            "Please stop using it and switch it off at the wall if you can do so "
            "safely. If anyone is hurt or something is burning, call the emergency "
            f"services first. Then talk to a person here: {reach}."
        )
    if reason == "distress":
        return (
            "I'm sorry you are going through this. I'm only an automated assistant; "
            "please talk to somebody now: the emergency services or a crisis line near "
            f"you. For anything about us, a person is here: {reach}."
        )
    if reason == "legal":
        return (
            "That should be looked at by a person, not by an automated assistant. "
            f"Please contact {reach}; they will have your messages to hand if you ask "
            "me to pass you on."
        )
    return f"Of course. You can reach a person here: {reach}."


def unavailable(settings: Settings) -> str:
    """That the knowledge cannot be searched just now."""
    return (
        "I can't look that up right now, sorry. Please try again in a few minutes, or "
        f"contact {settings.support_contact} ({settings.support_hours})."
    )


def _listed(choices: Sequence[str]) -> str:
    if len(choices) < 2:
        return "".join(choices)
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
