"""The web app's one script: Streamlit runs it for every page. `python -m app` starts it.

It has a folder of its own because Streamlit takes a folder `pages` beside its script for pages
that stand without it, and would show them bare.
"""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # Streamlit puts this file's folder on the path, not the project's
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import i18n  # noqa: E402
from app.ui import address, frame, places, session  # noqa: E402

i18n.use_language(session.current_language)
frame.configure()
address.begin()
frame.run(st.navigation(places.navigation(), expanded=True))
