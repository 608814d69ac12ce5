"""What the pages share: where they are, how things are drawn, and what stands behind them.

Modules without Streamlit (`desk`, `evidence`, `today`, `jobs`) hold the logic; the others draw.
"""
