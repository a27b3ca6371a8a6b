"""Tests of the real formats and their standard forms."""
