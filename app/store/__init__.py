"""The progress store: what the learner did, in one DuckDB file that nothing loses.

`Store` is the way in; `records` and `summaries` say what goes in and comes out.
"""

from app.store.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreImportError,
    StoreNewerError,
    StoreUnwritableError,
)
from app.store.home import data_folder
from app.store.records import (
    Answer,
    Attempt,
    Event,
    Interview,
    ItemKind,
    Record,
    Review,
    SelfAssessment,
    Setting,
)
from app.store.store import Store
from app.store.summaries import (
    Day,
    DrillState,
    ImportSummary,
    Inventory,
    QuestionState,
    ReviewCard,
    State,
    Streak,
)

__all__ = [
    "Answer",
    "Attempt",
    "Day",
    "DrillState",
    "Event",
    "ImportSummary",
    "Interview",
    "Inventory",
    "ItemKind",
    "QuestionState",
    "Record",
    "Review",
    "ReviewCard",
    "SelfAssessment",
    "Setting",
    "State",
    "Store",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreError",
    "StoreImportError",
    "StoreNewerError",
    "StoreUnwritableError",
    "Streak",
    "data_folder",
]
