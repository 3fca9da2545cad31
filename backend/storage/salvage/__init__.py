"""Brings the rows of a damaged SQLite file back, without opening it as a database."""
