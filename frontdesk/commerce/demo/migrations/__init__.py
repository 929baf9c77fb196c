"""Migrations of the demo shop's database."""
