"""Handing a conversation over to people."""

from frontdesk.handoff.requests import (
    HandoffError,
    HandoffRequest,
    HandoffWriteError,
    InvalidEmailError,
    Said,
    UnknownReferenceError,
    read_requests,
    record_email,
    record_request,
)

__all__ = [
    "HandoffError",
    "HandoffRequest",
    "HandoffWriteError",
    "InvalidEmailError",
    "Said",
    "UnknownReferenceError",
    "read_requests",
    "record_email",
    "record_request",
]
