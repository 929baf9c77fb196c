"""Frontdesk: a self-hosted customer-service assistant with grounded answers."""

__version__ = "0.1.0"
