"""Plotly drawings of what was simulated: pure functions, readable on light and dark pages."""
