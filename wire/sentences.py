"""What both editors say about the service and its answers: English, marked for translation with ``N_``.

Each editor translates with a catalogue of its own.
"""

from __future__ import annotations

from .protocol import ErrorCode, Stage
from .state import SessionState


def N_(text: str) -> str:
    """Marks a text for translation where it is translated later."""
    return text


STATES = {
    SessionState.STARTING: N_("Starting the Insert Object service…"),
    SessionState.CONNECTING: N_("Looking for the Insert Object service…"),
    SessionState.LOADING: N_("Loading the networks…"),
    SessionState.ASLEEP: N_("The Insert Object service sleeps; it wakes when it is needed."),
}
STAGES = {
    Stage.LOADING: N_("Loading the networks…"),
    Stage.MASK: N_("Finding a shape…"),
    Stage.OBJECT: N_("Painting the object…"),
    Stage.FINISHING: N_("Finishing…"),
}

NOTHING_SELECTED = N_("Nothing is selected.")
PACK_IS_GONE = N_("The model pack “{pack}” is not there any more.")
PACK_IS_GONE_HINT = N_("Put it back, or choose another pack or class.")

SEVERAL_PIECES = N_("The selection has {count} parts: one object is drawn into the box around them all.")
HERD_HINT = N_("More than one is a herd: it stands over the selection, far ones smaller and behind")
EACH_PART = N_("One in each p_art")
EACH_PART_HINT = N_("An object in each part of the selection, not one in the box around them all")
CHANGED_LAYER = N_("“{layer}” was worked on since it was inserted.")
CHANGED_HINT = N_("A new object in its place would cover that work.")
CHANGED_LIGHT = N_("Only _light and shadow")
CHANGED_ABOVE = N_("New layer _above")
CHANGED_REPAINT = N_("_Repaint")
CHANGED_LIGHT_HINT = N_("Its own pixels take the light of where it is; nothing is painted")
CHANGED_ABOVE_HINT = N_("The new object comes on a layer of its own; this one stays as it is")
CHANGED_REPAINT_HINT = N_("The new object covers what was done to this one; undo brings it back")

# What the service notes beside a layer.
SMALL_ONLY = N_("This class comes out well in small boxes; in this large one most are not worth keeping.")
GPU_IS_FULL = N_("The GPU's memory was full, so the CPU made this object; that takes longer.")
GPU_IS_GONE = N_("The GPU does not answer any more, so the CPU made this object; that takes longer.")
OF_THE_SERVICE = (SMALL_ONLY, GPU_IS_FULL, GPU_IS_GONE)

# An error in the user's language where the catalogue does not have its own sentence: one for each code.
ERRORS: dict[ErrorCode, str] = {
    ErrorCode.UNAUTHORISED: N_(
        "The Insert Object service did not accept this plug-in. Run the installer again."
    ),
    ErrorCode.VERSION: N_(
        "The Insert Object service and this plug-in are of different versions. Run the installer again."
    ),
    ErrorCode.UNKNOWN_CLASS: N_("The Insert Object service does not know this class. Choose another one."),
    ErrorCode.BOX_TOO_SMALL: N_("The box is too small for an object. Draw a larger one."),
    ErrorCode.BOX_OUTSIDE: N_("The box lies outside the picture. Draw it on the picture."),
    ErrorCode.TOO_LARGE: N_("The picture is too large for the Insert Object service."),
    ErrorCode.BUSY: N_("The Insert Object service has too much to do. Try again in a moment."),
    ErrorCode.OUT_OF_MEMORY: N_("There was not enough memory. Close other programs and try again."),
    ErrorCode.MODEL_MISSING: N_("The networks' weights are missing. Run the installer again."),
    ErrorCode.MODEL_CORRUPT: N_("The networks' weights are damaged. Run the installer again."),
}

# What the client says about the service itself, where the sentence has no parts that vary.
OF_THE_CLIENT = (
    N_("The Insert Object service is not running."),
    N_("The Insert Object service stops before it is ready."),
    N_("The Insert Object service stopped twice while it worked on this."),
    N_("The Insert Object service did not accept this program's key (unauthorised)."),
    N_("The plug-in is not fully installed."),
    N_("The plug-in does not know how to start the Insert Object service."),
    N_(
        "This editor runs in a sandbox (Flatpak or Snap), from which the Insert Object service "
        "cannot be started."
    ),
    N_(
        "Run install.py --autostart of Insert Object, and it starts at login; "
        "or start it in a terminal: insert-object daemon start"
    ),
    N_("Start it in a terminal: insert-object daemon start"),
    N_("Run install.py of Insert Object again."),
    N_("Run insert-object doctor in a terminal; it says where the service's log is."),
)
