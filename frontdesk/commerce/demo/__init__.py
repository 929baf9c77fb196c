"""The demo shop: an imaginary shop's systems in one SQL database."""
