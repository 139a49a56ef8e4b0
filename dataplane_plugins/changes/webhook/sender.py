"""Send the events that follow on the last one that was sent, in order, until each is taken.

The queue are the events of the state: it is bounded, survives every end of the server, and costs a
commit nothing. What was sent is a number beside it.
"""

import json
import logging
import random
import threading
import time

from dataplane_core.plugin import DataplaneError, Event, Outage, Services
from dataplane_plugins.changes.webhook.progress import Progress, read_progress, save_progress
from dataplane_plugins.changes.webhook.receiver import NotDelivered, Receiver

log = logging.getLogger(__name__)

_TICK = 0.2  # seconds between two looks for new events
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0  # seconds before an event is sent again
_MOST_REFUSALS = 3
"""Times that a receiver refuses an event before it is left out."""


class Sender:
    """Sends events while this worker leads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._state, self._events = services.state, services.events
        self._kinds = frozenset(services.settings.dataplane.webhook_events)
        self._position = 0
        self._failure = ""
        self._tries = 0
        self._outage = Outage(log, "the state cannot be written", "the state can be written again")

    def run(self, stop: threading.Event) -> None:
        """Send events until `stop` is set."""
        receiver = Receiver(self._services.settings)
        known = read_progress(self._state)
        self._position, self._failure = known.position or 0, known.failure
        if known.position is None:
            self._position = self._events.newest()
            self._save()
        wait = 0.0
        while not stop.wait(wait):
            wait = self._send_page(receiver, stop)
        receiver.close()

    def _send_page(self, receiver: Receiver, stop: threading.Event) -> float:
        """Send the next events; return after how many seconds to go on."""
        before = self._position
        if self._position > self._events.newest():  # of a state that is gone
            self._position = 0
        page = self._events.after(self._position, 50)
        try:
            for event in page:
                if stop.is_set():
                    break
                if not self._kinds or event.kind in self._kinds:
                    self._deliver(receiver, event)
                self._position = event.id
        except NotDelivered as error:
            self._note_failure(error)
            return self._pause()
        if self._position != before:
            self._save()
        return 0.0 if page else _TICK

    def _deliver(self, receiver: Receiver, event: Event) -> None:
        """Send an event, and note that; leave it out where it was refused too often."""
        try:
            identifier = f"evt_{event.id}_{event.moment * 1000:.0f}"
            receiver.send(identifier, int(time.time()), _body(event))
        except NotDelivered as error:
            self._tries += 1
            if not error.refused or self._tries < _MOST_REFUSALS:
                raise
            log.error("the webhook is not sent event %d: %s", event.id, error.message)
        else:
            if self._failure:
                log.warning("the webhook is sent events again")
        self._tries, self._failure, self._position = 0, "", event.id
        self._save()

    def _note_failure(self, error: NotDelivered) -> None:
        if error.message != self._failure:
            log.warning("the webhook is tried again: %s", error.message)
            self._failure = error.message
            self._save()

    def _pause(self) -> float:
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(self._tries - 1, 20))
        return longest * random.uniform(0.8, 1.0)

    def _save(self) -> None:
        """Note how far the webhook is; a power cut may undo that: events are sent again then."""
        try:
            save_progress(self._state, Progress(self._position, self._failure))
        except DataplaneError as error:
            self._outage.note(error)
        else:
            self._outage.over()


def _body(event: Event) -> bytes:
    message = {"type": event.kind, "timestamp": event.time, "id": event.id, "data": event.values}
    return json.dumps(message).encode()
