"""Starts the emulator, and keeps what it holds on disk while it runs.

The emulator writes its state only when it ends in good order. A machine that
loses power or a process that is killed would lose the fleet, so the same
function that saves at the end also runs at an interval here.
"""

import os
import threading
import time

from ministack import app

SAVE_EVERY_SECONDS = float(os.environ.get("SANDBOX_SAVE_SECONDS", "20"))

save_all = app.save_all
saving = threading.Lock()


def save_alone(services):
    """Saves, never twice at once: two writers would share one temporary file."""
    with saving:
        save_all(services)


def save_regularly():
    while True:
        time.sleep(SAVE_EVERY_SECONDS)
        save_alone(app._build_persistence_save_dict())


app.save_all = save_alone
threading.Thread(target=save_regularly, daemon=True, name="save-state").start()
app.main()
