"""What is planned next and what has been done on a deal: the same verbs as on a lead."""

from leads.domain.noting import AlreadyDone, EmptyNote, done, note, plan, reschedule

__all__ = ["AlreadyDone", "EmptyNote", "done", "note", "plan", "reschedule"]
