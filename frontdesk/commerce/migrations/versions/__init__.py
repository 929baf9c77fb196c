"""Migrations of the desk's own records."""
