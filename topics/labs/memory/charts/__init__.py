"""Plotly drawings of an estimate: pure functions, readable on light and dark pages."""
