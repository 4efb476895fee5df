"""The line at the foot: device, time, progress, Cancel, messages and errors."""

from traitlets import Enum, Float, Int, Unicode

from xaiwidgets.views.view import View, shipped

STATES = ("ready", "busy", "error", "cancelled")


class StatusView(View):
    """What the machine is doing. The element carries `data-state`, which tests can wait for.

    Example:
        status = StatusView(device="cpu", state="busy", progress=0.4, label="Occluding")
        status.observe(lambda change: worker.cancel(), names=["cancelled"])
    """

    _esm = shipped("common.js", "status_view.js")
    _css = shipped("common.css", "status_view.css")

    # Python -> browser
    state = Enum(STATES, "ready").tag(sync=True)
    device = Unicode("").tag(sync=True)
    milliseconds = Float(None, allow_none=True, help="time of the last computation").tag(sync=True)
    progress = Float(None, allow_none=True, min=0.0, max=1.0, help="None: no bar").tag(sync=True)
    label = Unicode("", help="what is in progress").tag(sync=True)
    message = Unicode("", help="spoken politely").tag(sync=True)
    error = Unicode("", help="first line: what went wrong; the rest: details, kept whole").tag(sync=True)

    # browser -> Python
    cancelled = Int(0, help="counts the presses of Cancel").tag(sync=True)
