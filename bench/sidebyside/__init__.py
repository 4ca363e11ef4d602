"""Measures this project and its peers side by side."""
